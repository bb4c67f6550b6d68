use serde_json::{Value, json};

use super::NETWORKING;
use super::text::duration;
use crate::emit::document::{Object, without_empty};
use crate::model::{Balance, Eject, Limits, Service, Subset, TrafficPolicy};

/// The DestinationRule of a service, if it says anything.
pub(super) fn object(service: &Service) -> Option<Value> {
    let policy = without_empty(policy(&service.traffic));
    let says_nothing = policy.as_object().is_some_and(serde_json::Map::is_empty);
    if says_nothing && service.subsets.is_empty() {
        return None;
    }
    let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
    let object = Object {
        api: NETWORKING,
        kind: "DestinationRule",
        namespace,
        name,
    };
    Some(object.spec(json!({
        "host": service.host,
        "trafficPolicy": policy,
        "subsets": service.subsets.iter().map(subset).collect::<Vec<_>>(),
    })))
}

fn subset(subset: &Subset) -> Value {
    json!({ "name": subset.name, "labels": subset.labels })
}

fn policy(traffic: &TrafficPolicy) -> Value {
    json!({
        "loadBalancer": {
            "simple": traffic.balance.map(word),
            "localityLbSetting": { "enabled": traffic.prefer_near.then_some(true) },
        },
        "connectionPool": pool(&traffic.limits),
        "outlierDetection": traffic.eject.as_ref().map(outliers),
    })
}

const fn word(balance: Balance) -> &'static str {
    match balance {
        Balance::LeastRequest => "LEAST_REQUEST",
        Balance::RoundRobin => "ROUND_ROBIN",
        Balance::Random => "RANDOM",
    }
}

fn pool(limits: &Limits) -> Value {
    json!({
        "tcp": {
            "maxConnections": limits.connections,
            "connectTimeout": limits.connect_timeout.map(duration),
            "tcpKeepalive": {
                "time": limits.keepalive_time.map(duration),
                "interval": limits.keepalive_interval.map(duration),
            },
        },
        "http": {
            "http1MaxPendingRequests": limits.pending,
            "http2MaxRequests": limits.requests,
            "maxRequestsPerConnection": limits.requests_per_connection,
            "maxRetries": limits.retries,
            "idleTimeout": limits.idle_timeout.map(duration),
        },
    })
}

fn outliers(eject: &Eject) -> Value {
    json!({
        "consecutive5xxErrors": eject.after,
        "consecutiveGatewayErrors": eject.after_gateway_errors,
        "interval": duration(eject.every),
        "baseEjectionTime": duration(eject.time),
        "maxEjectionPercent": eject.at_most,
        "minHealthPercent": eject.min_health,
    })
}
