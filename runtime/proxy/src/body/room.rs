use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A body of which no more than this came may be sent again: Envoy's limit, that of what a connection holds.
const MOST_KEPT: usize = 1 << 20;
/// Nor are more than this kept of all bodies.
const MOST_KEPT_OF_ALL: usize = 128 << 20;
/// What the copies of all requests hold.
const MOST_COPIED_OF_ALL: usize = 64 << 20;
/// What holding a piece costs, beside its bytes.
pub(super) const PIECE: usize = 64;

/// What the proxy holds of bodies, and how many copies it gave up for that.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    kept: AtomicUsize,
    copied: AtomicUsize,
    given_up: AtomicU64,
}

/// Room for what is kept of one body.
#[derive(Debug)]
pub(crate) struct Keeping {
    bodies: Arc<Bodies>,
    most: usize,
    held: usize,
}

impl Bodies {
    /// Room for a body that may be sent again.
    pub(crate) fn keeping(self: &Arc<Self>) -> Keeping {
        self.keeping_most(MOST_KEPT)
    }

    /// Room for no more than `most` of one.
    pub(crate) fn keeping_most(self: &Arc<Self>, most: usize) -> Keeping {
        Keeping {
            bodies: self.clone(),
            most,
            held: 0,
        }
    }

    /// A copy was ended because it was too slow.
    pub(crate) fn give_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Room for `cost` more of a copy, unless there is none.
    pub(super) fn copy(&self, cost: usize) -> bool {
        take(&self.copied, cost, MOST_COPIED_OF_ALL)
    }

    pub(super) fn copied(&self, cost: usize) {
        self.copied.fetch_sub(cost, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.copied.load(Ordering::Relaxed) == 0 && self.kept.load(Ordering::Relaxed) == 0
    }
}

fn take(room: &AtomicUsize, cost: usize, most: usize) -> bool {
    let held = room.fetch_add(cost, Ordering::Relaxed);
    let fits = held.saturating_add(cost) <= most;
    if !fits {
        room.fetch_sub(cost, Ordering::Relaxed);
    }
    fits
}

impl Keeping {
    /// Whether there is room for a piece of `size`.
    pub(super) fn keep(&mut self, size: usize) -> bool {
        let cost = size + PIECE;
        let fits = self.held + cost <= self.most && take(&self.bodies.kept, cost, MOST_KEPT_OF_ALL);
        if fits {
            self.held += cost;
        }
        fits
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.bodies.kept.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_body_and_not_all_of_them_hold_more_than_they_may() {
        let bodies = Arc::<Bodies>::default();
        let mut one = bodies.keeping();
        assert!(one.keep(MOST_KEPT - PIECE) && !one.keep(1));
        let mut others: Vec<Keeping> = (0..200).map(|_| bodies.keeping()).collect();
        let kept = others
            .iter_mut()
            .filter_map(|other| other.keep(MOST_KEPT - PIECE).then_some(()));
        assert_eq!(kept.count(), MOST_KEPT_OF_ALL / MOST_KEPT - 1);
        drop(one);
        assert!(others[199].keep(1));
        drop(others);
        assert!(bodies.is_empty());
    }
}
