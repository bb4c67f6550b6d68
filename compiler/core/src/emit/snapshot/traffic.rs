use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::cluster as wire;
use mesh_wire::cluster::{
    Balance, Cluster, Discovery, Failover, HttpVersion, Keepalive, LocalityPolicy, Outliers, Ping,
    WarmupCurve,
};

use crate::model::{self, HashTable, Http2, Limits, TrafficPolicy};

/// Until a connection stands, where a DestinationRule says nothing (Istio `MeshConfig.connectTimeout`).
pub(super) const CONNECT_TIMEOUT: Millis = Millis::from_secs(10);
/// Failures in a row that eject an endpoint where `outlierDetection` does not say (Envoy's default).
const CONSECUTIVE_5XX: u32 = 5;
/// Endpoints that may be ejected where `outlierDetection` does not say (Envoy's default).
const MAX_EJECTION_PERCENT: u8 = 10;
/// Places on a ring where `consistentHash` does not say (Istio `ApplyRingHashLoadBalancer`).
const RING_SIZE: u64 = 1024;
/// How a share grows where `warmup` does not say (Istio `setWarmup`).
const EVEN: WarmupCurve = WarmupCurve {
    aggression: 1.0,
    min_percent: 10,
};
/// Retries that are always fine where `retryBudget` does not say (Istio `applyRetryBudget`).
const RETRIES_AT_LEAST: u32 = 3;

/// All that callers of a cluster are told of how to treat it.
pub(super) fn apply(cluster: &mut Cluster, traffic: &TrafficPolicy) {
    apply_pool(cluster, traffic.limits.as_ref());
    apply_http(cluster, traffic.limits.as_ref());
    cluster.balance = balance(cluster.discovery, traffic.how());
    cluster.locality = locality(traffic);
    cluster.outliers = traffic.eject.as_ref().map(outliers);
    cluster.panic_threshold = traffic
        .eject
        .as_ref()
        .and_then(|eject| eject.min_health)
        .unwrap_or(0);
    apply_warm_up(cluster, traffic);
    apply_retry_budget(cluster, traffic);
}

/// As `connectionPool`, it holds at both ends (Istio `applyRetryBudget`).
pub(super) fn apply_retry_budget(cluster: &mut Cluster, traffic: &TrafficPolicy) {
    cluster.limits.retry_budget = traffic.retry_budget.map(|budget| wire::RetryBudget {
        percent: budget.percent,
        at_least: budget.at_least.unwrap_or(RETRIES_AT_LEAST),
        interval: budget.over.unwrap_or(Millis(0)),
    });
}

/// Where connections go to what was dialled, whatever the service's own endpoints are.
pub(super) fn is_passthrough(traffic: &TrafficPolicy) -> bool {
    traffic.how() == Some(&model::Balance::Passthrough)
}

pub(super) fn balance(discovery: Discovery, wanted: Option<&model::Balance>) -> Balance {
    let wanted = match discovery {
        Discovery::OriginalDestination | Discovery::BlackHole => Some(&model::Balance::Passthrough),
        _ => wanted,
    };
    match wanted {
        None | Some(model::Balance::LeastRequest) => Balance::LeastRequest,
        Some(model::Balance::RoundRobin) => Balance::RoundRobin,
        Some(model::Balance::Random) => Balance::Random,
        Some(model::Balance::Passthrough) => Balance::Provided,
        Some(model::Balance::Hash { table, .. }) => match table {
            HashTable::Ring(size) => Balance::RingHash {
                minimum_size: size.unwrap_or(RING_SIZE),
            },
            HashTable::Maglev(size) => Balance::Maglev { table_size: *size },
        },
    }
}

/// Istio prefers near localities wherever outliers are ejected (MeshConfig `localityLbSetting` is on by default).
/// Which are near is left to the proxy, since VMs of one group may stand in different places.
fn locality(traffic: &TrafficPolicy) -> LocalityPolicy {
    let rule = traffic.locality();
    let off = rule.is_some_and(|rule| rule.prefer_near == Some(false));
    if off {
        return LocalityPolicy::Ignore;
    }
    if let Some(rule) = rule.filter(|rule| !rule.distribute.is_empty()) {
        return LocalityPolicy::Distribute(rule.distribute.clone());
    }
    // Without ejection nobody would ever leave the first places (Istio `ApplyLocalityLoadBalancer`).
    if traffic.eject.is_none() {
        return LocalityPolicy::Ignore;
    }
    match rule {
        Some(rule) if !rule.failover.is_empty() || !rule.priority.is_empty() => {
            LocalityPolicy::Failover(Failover {
                regions: rule.failover.clone(),
                labels: rule.priority.clone(),
            })
        }
        _ => LocalityPolicy::Nearest,
    }
}

fn outliers(eject: &model::Eject) -> Outliers {
    Outliers {
        consecutive_5xx: Some(eject.after.unwrap_or(CONSECUTIVE_5XX)).filter(|number| *number > 0),
        consecutive_gateway: eject.after_gateway_errors.filter(|number| *number > 0),
        interval: eject.every,
        ejection: eject.time,
        max_percent: eject
            .at_most
            .filter(|share| *share > 0)
            .unwrap_or(MAX_EJECTION_PERCENT),
        consecutive_local: eject.after_local_errors,
        statuses: eject.statuses.clone(),
    }
}

/// Envoy warms up only what takes turns or counts requests.
fn apply_warm_up(cluster: &mut Cluster, traffic: &TrafficPolicy) {
    let warm_up = traffic
        .balance
        .as_ref()
        .and_then(|balance| balance.warm_up.as_ref());
    let able = matches!(cluster.balance, Balance::LeastRequest | Balance::RoundRobin);
    let Some(warm_up) = warm_up.filter(|_| able) else {
        return;
    };
    cluster.warmup = warm_up.duration;
    let curve = WarmupCurve {
        aggression: warm_up.aggression.unwrap_or(EVEN.aggression),
        min_percent: warm_up.min.unwrap_or(EVEN.min_percent),
    };
    cluster.warmup_curve = Some(curve).filter(|curve| *curve != EVEN);
}

/// `h2UpgradePolicy` and `useClientProtocol` (Istio `applyH2Upgrade`, `applyConnectionPool`).
fn apply_http(cluster: &mut Cluster, limits: Option<&Limits>) {
    match limits.and_then(|limits| limits.http2) {
        Some(Http2::Upgrade) => cluster.http = HttpVersion::Http2,
        Some(Http2::AsClient) => cluster.http = HttpVersion::AsClient,
        Some(Http2::Never) | None => {}
    }
    if cluster.http != HttpVersion::Http2 {
        cluster.limits.streams = None;
        cluster.limits.ping = None;
    }
}

/// `connectionPool` holds at both ends: for the caller and for the workload itself.
pub(super) fn apply_pool(cluster: &mut Cluster, limits: Option<&Limits>) {
    let Some(limits) = limits else {
        return;
    };
    cluster.connect_timeout = limits.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    cluster.limits = wire::Limits {
        connections: limits.connections,
        pending: limits.pending,
        requests: limits.requests,
        retries: limits.retries,
        requests_per_connection: limits.requests_per_connection,
        idle_timeout: limits.idle_timeout,
        connection_age: limits.connection_age,
        bytes: None,
        streams: limits.streams,
        ping: ping(limits),
        retry_budget: None,
    };
    let seconds = |span: Millis| u32::try_from(span.0 / 1000).unwrap_or(u32::MAX);
    let keepalive = Keepalive {
        time: limits.keepalive_time.map(seconds),
        interval: limits.keepalive_interval.map(seconds),
        probes: limits.keepalive_probes,
    };
    cluster.keepalive = Some(keepalive).filter(|keepalive| *keepalive != Keepalive::default());
}

fn ping(limits: &Limits) -> Option<Ping> {
    let (interval, timeout) = limits.ping_interval.zip(limits.ping_timeout)?;
    Some(Ping { interval, timeout })
}

/// Of `labels`, those that [`Failover::labels`] asks for.
pub(super) fn asked(policy: &LocalityPolicy, labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let LocalityPolicy::Failover(failover) = policy else {
        return BTreeMap::new();
    };
    let keys = failover
        .labels
        .iter()
        .map(|choice| choice.split('=').next().unwrap_or(choice));
    keys.filter_map(|key| labels.get_key_value(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
