//! Which priority serves, by how healthy each is (Envoy, load balancing: priority levels, panic threshold).

use super::{Balancer, Hint, Level};

/// Envoy's overprovisioning factor: a level serves everything while 1/1.4 of it is healthy.
const OVERPROVISIONED: u64 = 140;

impl Level {
    fn healthy(&self) -> u64 {
        let all = self.endpoints.iter();
        all.filter(|endpoint| !endpoint.health.is_ejected()).count() as u64
    }

    /// How much of all it can take, in percent.
    fn load(&self) -> u64 {
        (self.healthy() * OVERPROVISIONED / self.endpoints.len().max(1) as u64).min(100)
    }
}

impl Balancer {
    /// The level that serves, one that was tried only where no other can; and whether all of its endpoints do, ill ones
    /// too: where fewer are healthy than `threshold` percent, and not enough elsewhere.
    pub(super) fn level(&self, threshold: u64, hint: &Hint<'_>) -> Option<(&Level, bool)> {
        let first = self.levels.first()?;
        if threshold == 0 && self.levels.len() == 1 {
            return Some((first, false));
        }
        let panics = |level: &Level| level.healthy() * 100 < threshold * level.endpoints.len() as u64;
        let short = threshold > 0 && self.levels.iter().map(Level::load).sum::<u64>() < 100;
        if short && self.levels.iter().all(panics) {
            return self.by_size(hint.hash).map(|level| (level, true));
        }
        let told = |level| (level, short && panics(level));
        if !hint.left.is_empty() {
            let others = self.levels.iter().filter(|level| !level.has_one_of(hint.left));
            if let Some(level) = loaded(others, hint.hash) {
                return Some(told(level));
            }
        }
        loaded(self.levels.iter(), hint.hash).map(told)
    }

    /// One of the levels, by how many endpoints they have.
    fn by_size(&self, hash: Option<u64>) -> Option<&Level> {
        let all = self.all.len().max(1) as u64;
        let mut at = percent(hash) * all / 100;
        self.levels.iter().find(|level| {
            let size = level.endpoints.len() as u64;
            let here = at < size;
            at = at.saturating_sub(size);
            here
        })
    }
}

fn percent(hash: Option<u64>) -> u64 {
    hash.map_or_else(|| fastrand::u64(..100), |hash| hash % 100)
}

/// The level that serves: the first takes as much as is healthy of it, the next the rest; where all together are not
/// healthy enough, each its part.
fn loaded<'a>(levels: impl Iterator<Item = &'a Level> + Clone, hash: Option<u64>) -> Option<&'a Level> {
    let total = levels.clone().map(Level::load).sum::<u64>().min(100);
    let mut rest = percent(hash);
    let mut healthiest = None;
    for level in levels {
        let load = level.load();
        let share = load * 100 / total.max(1);
        if rest < share {
            return Some(level);
        }
        if load > 0 {
            healthiest.get_or_insert(level);
        }
        rest -= share;
    }
    healthiest
}
