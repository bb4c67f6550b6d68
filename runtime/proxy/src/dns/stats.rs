//! What the DNS server counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the start, as Istio's agent has them (`istio_agent_dns_*`).
#[derive(Debug, Default)]
pub struct Stats {
    requests: AtomicU64,
    answered: AtomicU64,
    forwarded: AtomicU64,
    failures: AtomicU64,
    malformed: AtomicU64,
}

impl Stats {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn forwarded(&self) {
        self.forwarded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    /// Name without the prefix, and value, of each counter.
    pub fn counters(&self) -> [(&'static str, u64); 5] {
        [
            ("dns_requests_total", self.requests.load(Ordering::Relaxed)),
            ("dns_answered_total", self.answered.load(Ordering::Relaxed)),
            (
                "dns_upstream_requests_total",
                self.forwarded.load(Ordering::Relaxed),
            ),
            (
                "dns_upstream_failures_total",
                self.failures.load(Ordering::Relaxed),
            ),
            ("dns_malformed_total", self.malformed.load(Ordering::Relaxed)),
        ]
    }
}
