use mesh_wire::route::HashPolicy;
use serde_json::{Value, json};

use crate::emit::istio::text::duration;
use crate::model::{
    Balance, ClientTls, Eject, HashTable, Http2, Limits, LoadBalancer, LocalityRule, Port, RetryBudget,
    Service, TrafficPolicy, WarmUp,
};

/// `trafficPolicy`, for these ports of the service.
pub(super) fn of(service: &Service, traffic: &TrafficPolicy, ports: &[&Port]) -> Value {
    json!({
        "loadBalancer": traffic.balance.as_ref().map(load_balancer),
        "connectionPool": traffic.limits.as_ref().map(|limits| pool(limits, ports)),
        "outlierDetection": traffic.eject.as_ref().map(outliers),
        "tls": traffic.tls.as_ref().map(|tls| client_tls(service, tls, ports)),
        "retryBudget": traffic.retry_budget.as_ref().map(retry_budget),
    })
}

fn load_balancer(balancer: &LoadBalancer) -> Value {
    let mut settings = match &balancer.how {
        None => json!({}),
        Some(Balance::LeastRequest) => json!({ "simple": "LEAST_REQUEST" }),
        Some(Balance::RoundRobin) => json!({ "simple": "ROUND_ROBIN" }),
        Some(Balance::Random) => json!({ "simple": "RANDOM" }),
        Some(Balance::Passthrough) => json!({ "simple": "PASSTHROUGH" }),
        Some(Balance::Hash { key, table }) => json!({ "consistentHash": consistent_hash(key, *table) }),
    };
    settings["warmup"] = json!(balancer.warm_up.as_ref().map(warm_up));
    settings["localityLbSetting"] = json!(balancer.locality.as_ref().map(locality));
    settings
}

fn consistent_hash(key: &HashPolicy, table: HashTable) -> Value {
    let mut hash = match key {
        HashPolicy::Header(name) => json!({ "httpHeaderName": name }),
        HashPolicy::Cookie { name, path, ttl } => json!({
            "httpCookie": { "name": name, "path": path, "ttl": ttl.map(duration) },
        }),
        HashPolicy::SourceIp => json!({ "useSourceIp": true }),
        HashPolicy::Query(name) => json!({ "httpQueryParameterName": name }),
    };
    match table {
        HashTable::Ring(None) => {}
        HashTable::Ring(Some(size)) => hash["ringHash"] = json!({ "minimumRingSize": size }),
        HashTable::Maglev(size) => hash["maglev"] = json!({ "tableSize": size }),
    }
    hash
}

fn warm_up(warm_up: &WarmUp) -> Value {
    json!({
        "duration": duration(warm_up.duration),
        "aggression": warm_up.aggression,
        "minimumPercent": warm_up.min,
    })
}

fn locality(rule: &LocalityRule) -> Value {
    let failover = rule
        .failover
        .iter()
        .map(|(from, to)| json!({ "from": from, "to": to }));
    let distribute = rule
        .distribute
        .iter()
        .map(|(from, to)| json!({ "from": from, "to": to }));
    json!({
        "enabled": rule.prefer_near,
        "failover": failover.collect::<Vec<_>>(),
        "failoverPriority": rule.priority,
        "distribute": distribute.collect::<Vec<_>>(),
    })
}

/// Requests and bytes have idle timeouts of their own, which the spec's one means.
fn pool(limits: &Limits, ports: &[&Port]) -> Value {
    let idle = limits.idle_timeout.map(duration);
    let http = ports.iter().any(|port| port.protocol.is_http());
    let bytes = ports.iter().any(|port| !port.protocol.is_http());
    json!({
        "tcp": {
            "maxConnections": limits.connections,
            "connectTimeout": limits.connect_timeout.map(duration),
            "idleTimeout": idle.as_ref().filter(|_| bytes),
            "maxConnectionDuration": limits.connection_age.map(duration),
            "tcpKeepalive": {
                "time": limits.keepalive_time.map(duration),
                "interval": limits.keepalive_interval.map(duration),
                "probes": limits.keepalive_probes,
            },
        },
        "http": {
            "http1MaxPendingRequests": limits.pending,
            "http2MaxRequests": limits.requests,
            "maxRequestsPerConnection": limits.requests_per_connection,
            "maxConcurrentStreams": limits.streams,
            "maxRetries": limits.retries,
            "idleTimeout": idle.as_ref().filter(|_| http),
            "h2UpgradePolicy": match limits.http2 {
                Some(Http2::Upgrade) => Some("UPGRADE"),
                Some(Http2::Never) => Some("DO_NOT_UPGRADE"),
                _ => None,
            },
            "useClientProtocol": (limits.http2 == Some(Http2::AsClient)).then_some(true),
            "http2KeepAlive": {
                "interval": limits.ping_interval.map(duration),
                "timeout": limits.ping_timeout.map(duration),
            },
        },
    })
}

fn outliers(eject: &Eject) -> Value {
    json!({
        "consecutive5xxErrors": eject.after,
        "consecutiveGatewayErrors": eject.after_gateway_errors,
        "splitExternalLocalOriginErrors": eject.after_local_errors.map(|_| true),
        "consecutiveLocalOriginFailures": eject.after_local_errors,
        "outlierDetectionHttpErrorCodes": eject.statuses,
        "interval": duration(eject.every),
        "baseEjectionTime": duration(eject.time),
        "maxEjectionPercent": eject.at_most,
        "minHealthPercent": eject.min_health,
    })
}

/// Requests say themselves whom they mean, and Istio asks for that name and checks it. Bytes do not: the name of
/// the host is asked for and checked where the spec says no other.
fn client_tls(service: &Service, tls: &ClientTls, ports: &[&Port]) -> Value {
    let bytes = ports.iter().all(|port| !port.protocol.is_http());
    let host = Some(&service.host).filter(|host| bytes && !host.starts_with("*."));
    let sni = tls.sni.as_ref().or(host);
    let mut sans: Vec<&String> = tls.sans.iter().collect();
    if sans.is_empty() && tls.sni.is_none() && !tls.insecure && service.certificate_names().is_empty() {
        sans.extend(host);
    }
    let client = tls.client.as_ref();
    json!({
        "mode": if tls.mutual { "MUTUAL" } else { "SIMPLE" },
        "sni": sni,
        "subjectAltNames": sans,
        "caCertificates": tls.ca,
        "caCrl": tls.crl,
        "clientCertificate": client.map(|(cert, _)| cert),
        "privateKey": client.map(|(_, key)| key),
        "credentialName": tls.credential,
        "insecureSkipVerify": tls.insecure.then_some(true),
    })
}

fn retry_budget(budget: &RetryBudget) -> Value {
    json!({
        "percent": budget.percent,
        "minRetryConcurrency": budget.at_least,
        "budgetInterval": budget.over.map(duration),
    })
}
