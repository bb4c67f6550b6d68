use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What came of a load.
#[derive(Serialize)]
pub(crate) struct Report {
    seconds: f64,
    answers: u64,
    bytes: u64,
    /// Connections that failed.
    failures: u64,
    /// What one of them said.
    failure: Option<String>,
    p50_us: f64,
    p99_us: f64,
    /// Of all watched processes, user and system.
    cpu_seconds: f64,
}

/// What one connection did.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) answers: u64,
    pub(crate) bytes: u64,
    pub(crate) failures: u64,
    pub(crate) failure: Option<String>,
    pub(crate) latencies: Vec<u32>,
}

impl Report {
    pub(crate) fn of(all: Vec<Done>, took: Duration, cpu_seconds: f64) -> Self {
        let mut report = Self {
            seconds: took.as_secs_f64(),
            answers: 0,
            bytes: 0,
            failures: 0,
            failure: None,
            p50_us: 0.0,
            p99_us: 0.0,
            cpu_seconds,
        };
        let mut latencies = Vec::new();
        for done in all {
            report.answers += done.answers;
            report.bytes += done.bytes;
            report.failures += done.failures;
            report.failure = report.failure.or(done.failure);
            latencies.extend(done.latencies);
        }
        latencies.sort_unstable();
        let at = |share: usize| {
            latencies
                .get(latencies.len() * share / 100)
                .map_or(0.0, |micros| f64::from(*micros))
        };
        (report.p50_us, report.p99_us) = (at(50), at(99));
        report
    }
}

/// What processes took of the processors so far: proc(5), the first number of each thread's `schedstat`.
pub(crate) fn cpu(processes: &[u32]) -> Result<f64> {
    let mut nanos = 0;
    for process in processes {
        for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
            let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().context("an empty schedstat")?;
            nanos += first.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanos).as_secs_f64())
}
