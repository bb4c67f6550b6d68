//! How one endpoint is chosen.

use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, WarmupCurve};
use serde_json::json;

use crate::reader::Reader;

/// Envoy's `minimum_ring_size` and `table_size` where none is said.
const RING: u64 = 1024;
const TABLE: u64 = 65_537;

pub(super) fn read(cluster: &mut Reader<'_>) -> Balance {
    let policy = cluster.word("lb_policy");
    match policy.as_deref() {
        None | Some("ROUND_ROBIN") => Balance::RoundRobin,
        Some("LEAST_REQUEST") => Balance::LeastRequest,
        Some("RANDOM") => Balance::Random,
        Some("CLUSTER_PROVIDED") => Balance::Provided,
        Some("RING_HASH") => {
            let mut config = cluster.message("ring_hash_lb_config");
            let size = config
                .as_mut()
                .and_then(|config| config.number("minimum_ring_size"));
            Balance::RingHash {
                minimum_size: size.unwrap_or(RING),
            }
        }
        Some("MAGLEV") => {
            let mut config = cluster.message("maglev_lb_config");
            let size = config.as_mut().and_then(|config| config.number("table_size"));
            Balance::Maglev {
                table_size: size.unwrap_or(TABLE),
            }
        }
        Some(other) => {
            cluster.tell("lb_policy", &json!(other), "not known; endpoints take turns");
            Balance::RoundRobin
        }
    }
}

/// Over what time the share of a new endpoint grows, and how.
pub(super) fn warmup(cluster: &mut Reader<'_>) -> (Millis, Option<WarmupCurve>) {
    let configs = ["least_request_lb_config", "round_robin_lb_config"];
    let mut configs = configs.map(|name| cluster.message(name));
    let starts = configs.iter_mut().flatten();
    let Some(mut start) = starts
        .filter_map(|config| config.message("slow_start_config"))
        .next()
    else {
        return (Millis(0), None);
    };
    let window = start.span("slow_start_window").unwrap_or_default();
    let aggression = start.message("aggression").and_then(|mut aggression| {
        aggression.skip("runtime_key");
        aggression.double("default_value")
    });
    let least = start
        .message("min_weight_percent")
        .and_then(|mut least| least.double("value"));
    if aggression.is_none() && least.is_none() {
        return (window, None);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage"
    )]
    let min_percent = least.unwrap_or(10.0).clamp(0.0, 100.0) as u8;
    let curve = WarmupCurve {
        aggression: aggression.unwrap_or(1.0),
        min_percent,
    };
    (window, Some(curve))
}
