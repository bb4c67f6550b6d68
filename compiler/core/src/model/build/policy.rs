use mesh_wire::Millis;

use crate::model::{Balance, Eject, TrafficPolicy};
use crate::spec::decl::{EjectDecl, ServiceDecl};

pub(super) fn traffic(decl: &ServiceDecl) -> TrafficPolicy {
    let balance = decl.balance.as_ref();
    TrafficPolicy {
        balance: balance.map(|balance| match balance.how.value.as_str() {
            "round-robin" => Balance::RoundRobin,
            "random" => Balance::Random,
            _ => Balance::LeastRequest,
        }),
        prefer_near: balance
            .and_then(|balance| balance.prefer_near.as_ref())
            .is_some_and(|near| near.value),
        limits: decl.limits.clone().unwrap_or_default(),
        eject: decl.eject.as_ref().map(eject),
    }
}

/// Istio's defaults.
fn eject(decl: &EjectDecl) -> Eject {
    Eject {
        after: decl.after,
        after_gateway_errors: decl.after_gateway_errors,
        every: decl.every.unwrap_or(Millis::from_secs(10)),
        time: decl.time.unwrap_or(Millis::from_secs(30)),
        at_most: decl.at_most,
        min_health: decl.min_health,
    }
}
