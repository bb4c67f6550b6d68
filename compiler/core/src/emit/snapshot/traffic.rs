use mesh_wire::Millis;
use mesh_wire::cluster as wire;
use mesh_wire::cluster::{Balance, Cluster, Discovery, Keepalive, LocalityPolicy, Outliers};

use crate::model::{self, TrafficPolicy};

/// Until a connection stands, where a DestinationRule says nothing (Istio `MeshConfig.connectTimeout`).
pub(super) const CONNECT_TIMEOUT: Millis = Millis::from_secs(10);
/// Failures in a row that eject an endpoint where `outlierDetection` does not say (Envoy's default).
const CONSECUTIVE_5XX: u32 = 5;
/// Endpoints that may be ejected where `outlierDetection` does not say (Envoy's default).
const MAX_EJECTION_PERCENT: u8 = 10;

pub(super) fn balance(discovery: Discovery, wanted: Option<model::Balance>) -> Balance {
    match (discovery, wanted) {
        (Discovery::OriginalDestination | Discovery::BlackHole, _) => Balance::Provided,
        (_, None | Some(model::Balance::LeastRequest)) => Balance::LeastRequest,
        (_, Some(model::Balance::RoundRobin)) => Balance::RoundRobin,
        (_, Some(model::Balance::Random)) => Balance::Random,
    }
}

/// Istio prefers near localities wherever outliers are ejected (MeshConfig `localityLbSetting` is on by default).
/// Which are near is left to the proxy, since VMs of one group may stand in different places.
pub(super) fn locality(traffic: &TrafficPolicy) -> LocalityPolicy {
    if traffic.eject.is_some() {
        LocalityPolicy::Nearest
    } else {
        LocalityPolicy::Ignore
    }
}

pub(super) fn outliers(eject: &model::Eject) -> Outliers {
    Outliers {
        consecutive_5xx: Some(eject.after.unwrap_or(CONSECUTIVE_5XX)).filter(|number| *number > 0),
        consecutive_gateway: eject.after_gateway_errors.filter(|number| *number > 0),
        interval: eject.every,
        ejection: eject.time,
        max_percent: eject.at_most.unwrap_or(MAX_EJECTION_PERCENT),
    }
}

/// `connectionPool` holds at both ends: for the caller and for the workload itself.
pub(super) fn apply_pool(cluster: &mut Cluster, traffic: &TrafficPolicy) {
    let limits = &traffic.limits;
    cluster.connect_timeout = limits.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    cluster.limits = wire::Limits {
        connections: limits.connections,
        pending: limits.pending,
        requests: limits.requests,
        retries: limits.retries,
        requests_per_connection: limits.requests_per_connection,
        idle_timeout: limits.idle_timeout,
    };
    let seconds = |span: Millis| u32::try_from(span.0 / 1000).unwrap_or(u32::MAX);
    let (time, interval) = (
        limits.keepalive_time.map(seconds),
        limits.keepalive_interval.map(seconds),
    );
    if time.is_some() || interval.is_some() {
        cluster.keepalive = Some(Keepalive {
            time,
            interval,
            probes: None,
        });
    }
}
