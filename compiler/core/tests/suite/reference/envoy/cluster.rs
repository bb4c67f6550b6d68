use serde_json::Value;

use super::{millis, number, transport};
use crate::reference::facts::{Facts, at, field, fields, items, place_weight, text};

pub(crate) fn add(facts: &mut Facts, cluster: &Value) {
    let name = text(cluster, "name");
    let discovery = discovery(cluster);
    let mut put = |key: &str, value: String| _ = facts.insert(format!("cluster/{name}/{key}"), value);
    put("discovery", discovery.to_owned());
    if discovery == "black-hole" {
        return;
    }
    put("transport", transport::transport(cluster));
    put("http", http(cluster).to_owned());
    put("balance", balance(cluster));
    put("warm-up", warm_up(cluster));
    put("port", port(cluster));
    put(
        "connect-timeout",
        millis(cluster, "connectTimeout").unwrap().to_string(),
    );
    put("limits", limits(cluster));
    put("outliers", outliers(cluster));
    if discovery == "listed" {
        let percent = at(cluster, "commonLbConfig/healthyPanicThreshold/value")
            .as_f64()
            .unwrap_or(0.0);
        put("panic", percent.to_string());
    }
    let keepalive = at(cluster, "upstreamConnectionOptions/tcpKeepalive");
    let keepalive = [
        field("time", number(keepalive, "keepaliveTime")),
        field("interval", number(keepalive, "keepaliveInterval")),
        field("probes", number(keepalive, "keepaliveProbes")),
    ];
    put("keepalive", fields(&keepalive));
    put(
        "source",
        text(cluster, "upstreamBindConfig/sourceAddress/address"),
    );
    let service = at(cluster, "metadata/filterMetadata/istio/services/0");
    let service = [
        text(service, "host"),
        text(service, "name"),
        text(service, "namespace"),
    ];
    put("service", fields(&service));
    if discovery != "original-destination" {
        add_endpoints(facts, &name, at(cluster, "loadAssignment"));
    }
}

pub(crate) fn add_endpoints(facts: &mut Facts, cluster: &str, assignment: &Value) {
    let in_cluster = cluster.ends_with(".svc.cluster.local");
    for place in items(assignment, "endpoints") {
        let locality = ["region", "zone", "subZone"]
            .map(|part| text(place, &format!("locality/{part}")))
            .join("/");
        let priority = number(place, "priority").unwrap_or(0);
        let endpoints = items(place, "lbEndpoints");
        let sum = endpoints
            .iter()
            .map(|endpoint| number(endpoint, "loadBalancingWeight").unwrap_or(1))
            .sum();
        let share = place_weight(number(place, "loadBalancingWeight").unwrap_or(sum), sum);
        for endpoint in endpoints {
            let address = at(endpoint, "endpoint/address/socketAddress");
            let address = format!("{}:{}", text(address, "address"), text(address, "portValue"));
            let value = [
                format!("priority={priority}"),
                self::endpoint(endpoint, in_cluster),
                share.clone(),
            ];
            facts.insert(format!("endpoint/{cluster}/{locality}/{address}"), fields(&value));
        }
    }
}

fn endpoint(endpoint: &Value, in_cluster: bool) -> String {
    let metadata = at(endpoint, "metadata/filterMetadata");
    let mtls = text(at(metadata, "envoy.transport_socket_match"), "tlsMode") == "istio";
    let workload = text(metadata, "istio/workload");
    // Gateways are nobody's workload, and what lies outside the mesh has none.
    let workload = Some(workload).filter(|workload| (mtls || in_cluster) && !workload.starts_with(';'));
    let weight = number(endpoint, "loadBalancingWeight").unwrap_or(1);
    fields(&[
        format!("weight={weight} mtls={mtls}"),
        field("workload", workload),
    ])
}

fn discovery(cluster: &Value) -> &'static str {
    match text(cluster, "type").as_str() {
        "EDS" => "listed",
        "STATIC" if items(cluster, "loadAssignment/endpoints").is_empty() => "black-hole",
        "STATIC" => "listed",
        "ORIGINAL_DST" => "original-destination",
        "STRICT_DNS" => "strict-dns",
        "LOGICAL_DNS" => "logical-dns",
        other => panic!("{other} is no discovery that is known"),
    }
}

/// Envoy's defaults are filled in.
fn balance(cluster: &Value) -> String {
    let policy = text(cluster, "lbPolicy");
    match policy.as_str() {
        "" => "ROUND_ROBIN".to_owned(),
        "RING_HASH" => {
            let size = size(cluster, "ringHashLbConfig/minimumRingSize", 1024);
            format!("RING_HASH:{size}")
        }
        "MAGLEV" => {
            let size = size(cluster, "maglevLbConfig/tableSize", 65537);
            format!("MAGLEV:{size}")
        }
        _ => policy,
    }
}

/// Protobuf's JSON has numbers of 64 bits as texts.
fn size(cluster: &Value, path: &str, default: u64) -> u64 {
    text(cluster, path).parse().unwrap_or(default)
}

fn warm_up(cluster: &Value) -> String {
    let kinds = ["leastRequestLbConfig", "roundRobinLbConfig"].iter();
    let mut all = kinds.map(|kind| at(cluster, &format!("{kind}/slowStartConfig")));
    let Some(start) = all.find(|start| !start.is_null()) else {
        return String::new();
    };
    let part = |path: &str, default: f64| at(start, path).as_f64().unwrap_or(default);
    format!(
        "{}ms aggression={} min={}",
        millis(start, "slowStartWindow").unwrap(),
        part("aggression/defaultValue", 1.0),
        part("minWeightPercent/value", 10.0)
    )
}

/// The port that connections go to whatever was dialled.
fn port(cluster: &Value) -> String {
    text(cluster, "originalDstLbConfig/upstreamPortOverride")
}

fn options(cluster: &Value) -> &Value {
    let all = at(cluster, "typedExtensionProtocolOptions");
    all.get("envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
        .unwrap_or(&Value::Null)
}

fn http(cluster: &Value) -> &'static str {
    let options = options(cluster);
    if options.get("useDownstreamProtocolConfig").is_some() {
        return "as-client";
    }
    if at(options, "explicitHttpConfig")
        .get("http2ProtocolOptions")
        .is_some()
    {
        "http2"
    } else {
        "http1"
    }
}

fn limits(cluster: &Value) -> String {
    let thresholds = at(cluster, "circuitBreakers/thresholds/0");
    let common = at(options(cluster), "commonHttpProtocolOptions");
    let http2 = http2(cluster);
    let budget = at(thresholds, "retryBudget");
    let percent = at(budget, "budgetPercent/value").as_f64();
    fields(&[
        field("connections", number(thresholds, "maxConnections")),
        field("pending", number(thresholds, "maxPendingRequests")),
        field("requests", number(thresholds, "maxRequests")),
        field("retries", number(thresholds, "maxRetries")),
        field("per-connection", number(common, "maxRequestsPerConnection")),
        field("idle", millis(common, "idleTimeout")),
        field("age", millis(common, "maxConnectionDuration")),
        field("streams", number(http2, "maxConcurrentStreams")),
        field("ping", millis(http2, "connectionKeepalive/interval")),
        field("ping-timeout", millis(http2, "connectionKeepalive/timeout")),
        field("budget", percent),
        field("budget-least", number(budget, "minRetryConcurrency")),
        field(
            "budget-interval",
            millis(budget, "budgetInterval").filter(|span| *span > 0),
        ),
    ])
}

fn http2(cluster: &Value) -> &Value {
    let options = options(cluster);
    let kinds = ["explicitHttpConfig", "useDownstreamProtocolConfig"].iter();
    let mut all = kinds.map(|kind| at(options, &format!("{kind}/http2ProtocolOptions")));
    all.find(|options| !options.is_null()).unwrap_or(&Value::Null)
}

/// Envoy's defaults are filled in: five failures, ten percent.
fn outliers(cluster: &Value) -> String {
    let detection = at(cluster, "outlierDetection");
    if detection.is_null() {
        return String::new();
    }
    let enforced = |path: &str, default: u64| number(detection, path).unwrap_or(default) > 0;
    let failures = Some(number(detection, "consecutive5xx").unwrap_or(5));
    let gateway = number(detection, "consecutiveGatewayFailure");
    // Told apart or not, five is Envoy's default.
    let split = at(detection, "splitExternalLocalOriginErrors") == &Value::Bool(true);
    let local = number(detection, "consecutiveLocalOriginFailure").unwrap_or(5);
    let local = split.then_some(local);
    fields(&[
        field(
            "5xx",
            failures.filter(|_| enforced("enforcingConsecutive5xx", 100)),
        ),
        field(
            "gateway",
            gateway.filter(|_| enforced("enforcingConsecutiveGatewayFailure", 0)),
        ),
        field("interval", millis(detection, "interval").or(Some(10_000))),
        field("ejection", millis(detection, "baseEjectionTime").or(Some(30_000))),
        field("max", number(detection, "maxEjectionPercent").or(Some(10))),
        field("local", local),
        field("statuses", statuses(cluster)),
    ])
}

/// The statuses that count as failures, where all 5xx do not.
fn statuses(cluster: &Value) -> Option<String> {
    let rules = items(options(cluster), "outlierDetection/errorMatcher/orMatch/rules").iter();
    let status = |rule| text(rule, "httpResponseHeadersMatch/headers/0/stringMatch/exact");
    let all: Vec<_> = rules.map(status).collect();
    (!all.is_empty()).then(|| all.join(","))
}
