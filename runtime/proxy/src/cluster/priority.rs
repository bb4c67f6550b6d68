//! Which endpoints come first, and how heavy each is: Istio's `localityLbSetting`.

use std::sync::Arc;

use mesh_wire::cluster::LocalityPolicy;
use mesh_wire::nearness::covers;

use super::{Endpoint, Own};

/// Weights are multiplied by this before they are split, so that small shares stay exact.
const FINE: u64 = 10_000;

/// Endpoints of each priority with their weights; the first is preferred.
pub(super) fn levels(
    policy: &LocalityPolicy,
    own: &Own,
    endpoints: &[Arc<Endpoint>],
) -> Vec<Vec<(Arc<Endpoint>, u64)>> {
    let rank =
        |endpoint: &Endpoint| policy.rank(own, endpoint.priority, &endpoint.locality, &endpoint.wire.labels);
    let mut ranked: Vec<_> = endpoints
        .iter()
        .map(|endpoint| (rank(endpoint), endpoint))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut levels: Vec<Vec<(Arc<Endpoint>, u64)>> = Vec::new();
    let mut last = None;
    for (rank, endpoint) in ranked {
        // Endpoints of weight 0 get no traffic (Istio drains with it).
        if endpoint.wire.weight == 0 {
            continue;
        }
        if last != Some(rank) {
            levels.push(Vec::new());
            last = Some(rank);
        }
        if let Some(level) = levels.last_mut() {
            level.push((endpoint.clone(), u64::from(endpoint.wire.weight)));
        }
    }
    if let Some(to) = policy.shares(own) {
        return vec![distributed(to, levels.pop().unwrap_or_default())];
    }
    levels
}

fn distributed(
    to: &std::collections::BTreeMap<String, u32>,
    endpoints: Vec<(Arc<Endpoint>, u64)>,
) -> Vec<(Arc<Endpoint>, u64)> {
    let mut out = Vec::new();
    for (pattern, share) in to {
        let inside: Vec<_> = endpoints
            .iter()
            .filter(|(endpoint, _)| covers(pattern, &endpoint.locality))
            .collect();
        let sum: u64 = inside.iter().map(|(_, weight)| weight).sum();
        for (endpoint, weight) in inside {
            let weight = weight * u64::from(*share) * FINE / sum.max(1);
            if weight > 0 {
                out.push((endpoint.clone(), weight));
            }
        }
    }
    out
}
