use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mesh_wire::cluster::Outliers;
use tokio::time::Instant;

/// Envoy's `max_ejection_time`.
const LONGEST: Duration = Duration::from_secs(300);

/// How one request or connection ended, as far as it says something about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    ServerError,
    /// 502, 503 or 504: it counts as 5xx too.
    Gateway,
    /// No answer: it cannot be reached, cut it off or took too long. Where such are not counted apart, it is a gateway's
    /// error to Envoy.
    Local,
}

impl Outcome {
    /// Of an answer, by what the cluster takes for a failure.
    pub(crate) fn of(status: u16, outliers: Option<&Outliers>) -> Self {
        let statuses = outliers
            .map(|outliers| &outliers.statuses[..])
            .unwrap_or_default();
        let fails = match statuses {
            [] => status >= 500,
            statuses => statuses.contains(&status),
        };
        match status {
            _ if !fails => Self::Good,
            502..=504 => Self::Gateway,
            _ => Self::ServerError,
        }
    }
}

/// The memory of one endpoint's failures.
#[derive(Debug, Default)]
pub(crate) struct Health {
    server_errors: AtomicU32,
    gateway_errors: AtomicU32,
    local_errors: AtomicU32,
    ejections: AtomicU32,
    /// Milliseconds since [`START`]; 0 is not ejected.
    until: AtomicU64,
}

/// What [`Health::until`] counts from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Health {
    pub(crate) fn is_ejected(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && now() < until
    }

    /// Notes `outcome`; true where the endpoint is to be ejected now.
    pub(crate) fn note(&self, outcome: Outcome, outliers: &Outliers) -> bool {
        // The common case writes nothing, so that cores do not fight over the line.
        let forget = |counter: &AtomicU32| {
            if counter.load(Ordering::Relaxed) != 0 {
                counter.store(0, Ordering::Relaxed);
            }
        };
        if outcome == Outcome::Good {
            for counter in [&self.server_errors, &self.gateway_errors, &self.local_errors] {
                forget(counter);
            }
            return false;
        }
        let reached = |counter: &AtomicU32, limit: Option<u32>| {
            let now = counter.fetch_add(1, Ordering::Relaxed) + 1;
            limit.is_some_and(|limit| limit > 0 && now >= limit)
        };
        let outcome = match (outcome, outliers.consecutive_local) {
            (Outcome::Local, Some(limit)) => return reached(&self.local_errors, Some(limit)),
            (Outcome::Local, None) => Outcome::Gateway,
            (answer, _) => answer,
        };
        // Who answers can be reached.
        forget(&self.local_errors);
        let server = reached(&self.server_errors, outliers.consecutive_5xx);
        let gateway =
            outcome == Outcome::Gateway && reached(&self.gateway_errors, outliers.consecutive_gateway);
        if outcome != Outcome::Gateway {
            self.gateway_errors.store(0, Ordering::Relaxed);
        }
        server || gateway
    }

    /// Leaves the endpoint out, longer each time.
    pub(crate) fn eject(&self, outliers: &Outliers) {
        let times = self.ejections.fetch_add(1, Ordering::Relaxed) + 1;
        let base = outliers.ejection.to_duration();
        let span = base.saturating_mul(times).min(LONGEST.max(base));
        let until = now()
            .saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
            .max(1);
        self.until.store(until, Ordering::Relaxed);
        self.server_errors.store(0, Ordering::Relaxed);
        self.gateway_errors.store(0, Ordering::Relaxed);
        self.local_errors.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_wire::Millis;

    fn outliers() -> Outliers {
        Outliers {
            consecutive_5xx: Some(3),
            consecutive_gateway: None,
            interval: Millis::from_secs(10),
            ejection: Millis::from_secs(30),
            max_percent: 100,
            consecutive_local: None,
            statuses: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn three_errors_in_a_row_eject_for_a_while_and_longer_the_next_time() {
        LazyLock::force(&START);
        let (health, outliers) = (Health::default(), outliers());
        assert!(!health.note(Outcome::ServerError, &outliers));
        assert!(!health.note(Outcome::Gateway, &outliers));
        assert!(!health.note(Outcome::Good, &outliers));
        for last in [false, false, true] {
            assert_eq!(health.note(Outcome::ServerError, &outliers), last);
        }
        for seconds in [30, 60] {
            health.eject(&outliers);
            assert!(health.is_ejected());
            tokio::time::advance(Duration::from_secs(seconds - 1)).await;
            assert!(health.is_ejected());
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!health.is_ejected());
        }
    }

    #[test]
    fn who_cannot_be_reached_is_counted_apart_where_that_is_asked_for() {
        let apart = Outliers {
            consecutive_local: Some(2),
            ..outliers()
        };
        let health = Health::default();
        assert!(!health.note(Outcome::Local, &apart));
        assert!(!health.note(Outcome::ServerError, &apart));
        assert!(!health.note(Outcome::Local, &apart));
        assert!(health.note(Outcome::Local, &apart));
        // Together, as Envoy has it by default.
        let health = Health::default();
        let together = outliers();
        assert!(!health.note(Outcome::Local, &together));
        assert!(!health.note(Outcome::ServerError, &together));
        assert!(health.note(Outcome::Local, &together));
    }

    #[test]
    fn the_statuses_that_fail_may_be_said() {
        let some = Outliers {
            statuses: vec![429, 503],
            ..outliers()
        };
        for (status, outcome) in [
            (429, Outcome::ServerError),
            (500, Outcome::Good),
            (503, Outcome::Gateway),
        ] {
            assert_eq!(Outcome::of(status, Some(&some)), outcome);
        }
        assert_eq!(Outcome::of(500, None), Outcome::ServerError);
        assert_eq!(Outcome::of(429, None), Outcome::Good);
    }
}
