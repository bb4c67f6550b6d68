use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::KeySet;

/// Istio's bound on fetching keys.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keys that lie elsewhere. They outlive snapshots: what was fetched once is not fetched anew for each.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) uri: String,
    pub(crate) timeout: Duration,
    /// `None` until they were fetched; what cannot be fetched again stays.
    keys: ArcSwapOption<KeySet>,
    /// How often they were others.
    changes: AtomicU64,
    /// When they are to be fetched; `None` at once.
    due: Mutex<Option<Instant>>,
}

impl Remote {
    pub(super) fn new(uri: &str, timeout: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            uri: uri.to_owned(),
            timeout: timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT),
            keys: ArcSwapOption::empty(),
            changes: AtomicU64::new(0),
            due: Mutex::default(),
        })
    }

    pub(super) fn keys(&self) -> Option<Arc<KeySet>> {
        self.keys.load_full()
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Whether they are to be fetched now; who hears so has `patience` to do it.
    pub(crate) fn is_due(&self, now: Instant, patience: Duration) -> bool {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = due.is_none_or(|due| due <= now);
        if is_due {
            *due = Some(now + patience);
        }
        is_due
    }

    /// They are to be fetched then.
    pub(crate) fn again(&self, then: Instant) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
    }

    /// Takes the text of a key set; false where it is none.
    pub(crate) fn learn(&self, text: &str) -> bool {
        let keys = KeySet::parse(text);
        let usable = keys.is_some();
        if let Some(keys) = keys {
            self.keys.store(Some(Arc::new(keys)));
            self.changes.fetch_add(1, Ordering::Release);
        }
        usable
    }
}
