use std::time::Instant;

/// How much work that leads to nothing the other end may make: it costs more here than there.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    most: u32,
    /// Given back in a second.
    rate: u32,
    at: Instant,
}

impl Budget {
    pub(super) fn new(most: u32, rate: u32) -> Self {
        Self {
            left: most,
            most,
            rate,
            at: Instant::now(),
        }
    }

    /// `false` where nothing is left.
    pub(super) fn spend(&mut self) -> bool {
        if self.left == 0 {
            let back = self.at.elapsed().as_secs_f64() * f64::from(self.rate);
            self.left = (back as u32).min(self.most);
            self.at = Instant::now();
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }

    /// Something came of it.
    pub(super) fn earn(&mut self) {
        self.left = (self.left + 1).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_gone_until_it_is_earned() {
        let mut budget = Budget::new(2, 0);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }
}
