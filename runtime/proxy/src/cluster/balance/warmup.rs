//! Shares of new endpoints, which grow (Envoy `SlowStartConfig`).

use std::time::Duration;

use mesh_wire::cluster as wire;
use tokio::time::Instant;

use super::Endpoint;

/// How the shares of the endpoints that came last grow.
#[derive(Debug)]
pub(super) struct Warmup {
    window: Duration,
    aggression: f64,
    least: f64,
    /// When all of them have grown.
    over: Instant,
}

impl Warmup {
    /// `None` where nobody is new.
    pub(super) fn of<'a>(
        cluster: &wire::Cluster,
        endpoints: impl Iterator<Item = &'a Endpoint>,
    ) -> Option<Self> {
        let window = cluster.warmup.to_duration();
        if window.is_zero() {
            return None;
        }
        let over = endpoints.filter_map(|endpoint| endpoint.born).max()? + window;
        let curve = cluster.warmup_curve.unwrap_or(wire::WarmupCurve {
            aggression: 1.0,
            min_percent: 10,
        });
        Some(Self {
            window,
            aggression: curve.aggression,
            least: f64::from(curve.min_percent) / 100.0,
            over,
        })
    }

    pub(super) fn lasts(&self) -> bool {
        Instant::now() < self.over
    }

    /// How much of its share an endpoint has by now.
    pub(super) fn thousandths(&self, endpoint: &Endpoint) -> u64 {
        let Some(age) = endpoint.born.map(|born| born.elapsed()) else {
            return 1000;
        };
        if age >= self.window {
            return 1000;
        }
        let time = age.max(Duration::from_millis(1)).as_secs_f64() / self.window.as_secs_f64();
        let grown = if self.aggression > 0.0 {
            time.powf(1.0 / self.aggression)
        } else {
            time
        };
        // Between 0 and 1000.
        ((grown.max(self.least).min(1.0) * 1000.0) as u64).max(1)
    }
}
