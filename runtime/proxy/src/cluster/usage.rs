use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mesh_wire::cluster::RetryBudget;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What is under way in one cluster (Envoy circuit breakers).
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) connections: Counter,
    pub(crate) pending: Counter,
    pub(crate) requests: Counter,
    pub(crate) retries: Counter,
    /// Requests that began lately.
    pub(crate) recent: Recent,
    /// A connection became free or was closed.
    pub(crate) freed: Notify,
}

impl Usage {
    /// How many tries after the first may be under way (Envoy `RetryBudget`).
    pub(super) fn budget(&self, budget: &RetryBudget) -> u32 {
        let now = self.requests.get().saturating_add(self.pending.get());
        let counted = match budget.interval.is_zero() {
            true => now,
            false => now.max(self.recent.get()),
        };
        let share = u64::from(counted) * u64::from(budget.percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(budget.at_least)
    }
}

/// Tenths of the interval of a [`RetryBudget`], and one that has only begun.
const TENTHS: usize = 11;

/// How many requests began within the interval of the cluster's retry budget.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Tenths>);

#[derive(Debug, Default)]
struct Tenths {
    counts: [u32; TENTHS],
    /// The one that is counted in, and when it began.
    at: usize,
    since: Option<Instant>,
    each: Duration,
}

impl Recent {
    /// One more, where a budget asks for it.
    pub(crate) fn count(&self, budget: Option<&RetryBudget>) {
        let Some(budget) = budget.filter(|budget| !budget.interval.is_zero()) else {
            return;
        };
        let mut tenths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenths.each = budget.interval.to_duration() / 10;
        tenths.go_on(Instant::now());
        let at = tenths.at;
        tenths.counts[at] = tenths.counts[at].saturating_add(1);
    }

    fn get(&self) -> u32 {
        let mut tenths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenths.go_on(Instant::now());
        tenths
            .counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl Tenths {
    /// Forgets what is older than the interval.
    fn go_on(&mut self, now: Instant) {
        let Some(since) = self.since.filter(|_| !self.each.is_zero()) else {
            self.since = Some(now);
            return;
        };
        let passed = now.saturating_duration_since(since).as_nanos() / self.each.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        for _ in 0..passed.min(11) {
            self.at = (self.at + 1) % TENTHS;
            self.counts[self.at] = 0;
        }
        self.since = Some(match passed {
            0..=11 => since + self.each * passed,
            _ => now,
        });
    }
}

/// How many there are.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU32);

impl Counter {
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, unless that were more than `limit`.
    fn take(&self, limit: Option<u32>) -> bool {
        let limit = limit.unwrap_or(u32::MAX);
        let more = |now: u32| (now < limit).then(|| now + 1);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, more)
            .is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One of those that are counted; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    usage: Arc<Usage>,
    of: fn(&Usage) -> &Counter,
    /// The connections of one endpoint, where it is one of those.
    open: Option<Arc<Counter>>,
}

impl Permit {
    /// A connection to an endpoint that has as many as `open` counts. Who has none gets one whatever the limit says, as in
    /// Envoy: else a few busy endpoints would starve the others.
    pub(crate) fn connection(usage: &Arc<Usage>, open: &Arc<Counter>, limit: Option<u32>) -> Option<Self> {
        let taken = usage.connections.take(limit);
        if taken {
            open.take(None);
        } else if open.take(Some(1)) {
            usage.connections.take(None);
        } else {
            return None;
        }
        Some(Self {
            usage: usage.clone(),
            of: |usage| &usage.connections,
            open: Some(open.clone()),
        })
    }

    /// `None` where the limit is reached.
    pub(crate) fn take(usage: &Arc<Usage>, of: fn(&Usage) -> &Counter, limit: Option<u32>) -> Option<Self> {
        of(usage).take(limit).then(|| Self {
            usage: usage.clone(),
            of,
            open: None,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        (self.of)(&self.usage).give_back();
        if let Some(open) = &self.open {
            open.give_back();
        }
        self.usage.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_a_share_of_what_is_under_way_or_began_lately() {
        let usage = Arc::new(Usage::default());
        let mut budget = RetryBudget {
            percent: 20,
            at_least: 3,
            interval: mesh_wire::Millis(0),
        };
        assert_eq!(usage.budget(&budget), 3);
        let request = || Permit::take(&usage, |usage| &usage.requests, None).unwrap();
        let under_way: Vec<_> = (0..50).map(|_| request()).collect();
        assert_eq!(usage.budget(&budget), 10);
        drop(under_way);
        budget.interval = mesh_wire::Millis::from_secs(10);
        for _ in 0..100 {
            usage.recent.count(Some(&budget));
            tokio::time::advance(Duration::from_millis(50)).await;
        }
        assert_eq!(usage.budget(&budget), 20);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(usage.budget(&budget), 12);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(usage.budget(&budget), 3);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let usage = Arc::new(Usage::default());
        let take = || Permit::take(&usage, |usage| &usage.connections, Some(1));
        let first = take();
        assert!(first.is_some());
        assert!(take().is_none());
        drop(first);
        assert!(take().is_some());
    }

    #[test]
    fn an_endpoint_without_a_connection_gets_one_beyond_the_limit() {
        let (usage, open) = (
            Arc::new(Usage::default()),
            [(); 2].map(|()| Arc::new(Counter::default())),
        );
        let take = |endpoint: usize| Permit::connection(&usage, &open[endpoint], Some(1));
        let (first, second) = (take(0), take(1));
        assert!(first.is_some() && second.is_some());
        assert!(take(0).is_none() && take(1).is_none());
        assert_eq!(usage.connections.get(), 2);
        drop((first, second));
        assert_eq!((usage.connections.get(), open[0].get()), (0, 0));
    }
}
