use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

/// What is under way in one cluster (Envoy circuit breakers).
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) connections: Counter,
    pub(crate) pending: Counter,
    pub(crate) requests: Counter,
    pub(crate) retries: Counter,
    /// A connection became free or was closed.
    pub(crate) freed: Notify,
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
}

impl Permit {
    /// `None` where the limit is reached.
    pub(crate) fn take(usage: &Arc<Usage>, of: fn(&Usage) -> &Counter, limit: Option<u32>) -> Option<Self> {
        of(usage).take(limit).then(|| Self {
            usage: usage.clone(),
            of,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        (self.of)(&self.usage).give_back();
        self.usage.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
