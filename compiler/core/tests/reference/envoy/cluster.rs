use serde_json::Value;

use super::policy::string;
use super::{millis, number};
use crate::facts::{Facts, at, field, fields, items, place_weight, set, text};

pub(crate) fn add(facts: &mut Facts, cluster: &Value) {
    let name = text(cluster, "name");
    let discovery = discovery(cluster);
    let mut put = |key: &str, value: String| _ = facts.insert(format!("cluster/{name}/{key}"), value);
    put("discovery", discovery.to_owned());
    if discovery == "black-hole" {
        return;
    }
    put("transport", transport(cluster));
    put("http", http(cluster).to_owned());
    let balance = text(cluster, "lbPolicy");
    put(
        "balance",
        if balance.is_empty() {
            "ROUND_ROBIN".to_owned()
        } else {
            balance
        },
    );
    put(
        "connect-timeout",
        millis(cluster, "connectTimeout").unwrap().to_string(),
    );
    put("limits", limits(cluster));
    put("outliers", outliers(at(cluster, "outlierDetection")));
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

/// Istio's mutual TLS stands among the matches for endpoints' TLS mode, or alone where endpoints are not listed.
fn transport(cluster: &Value) -> String {
    let matches = items(cluster, "transportSocketMatches");
    let mesh = matches
        .iter()
        .find(|entry| text(entry, "name") == "tlsMode-istio");
    let socket = mesh.map_or(at(cluster, "transportSocket"), |entry| {
        at(entry, "transportSocket")
    });
    let config = at(socket, "typedConfig");
    if !text(config, "@type").ends_with("UpstreamTlsContext") {
        return "plaintext".to_owned();
    }
    let common = at(config, "commonTlsContext");
    let sans = items(
        common,
        "combinedValidationContext/defaultValidationContext/matchSubjectAltNames",
    );
    let alpn: Vec<_> = items(common, "alpnProtocols")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    format!(
        "mesh sni={} alpn={} sans={}",
        text(config, "sni"),
        alpn.join(","),
        set(sans.iter().map(string))
    )
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
    fields(&[
        field("connections", number(thresholds, "maxConnections")),
        field("pending", number(thresholds, "maxPendingRequests")),
        field("requests", number(thresholds, "maxRequests")),
        field("retries", number(thresholds, "maxRetries")),
        field("per-connection", number(common, "maxRequestsPerConnection")),
        field("idle", millis(common, "idleTimeout")),
    ])
}

/// Envoy's defaults are filled in: five failures, ten percent.
fn outliers(detection: &Value) -> String {
    if detection.is_null() {
        return String::new();
    }
    let enforced = |path: &str, default: u64| number(detection, path).unwrap_or(default) > 0;
    let failures = Some(number(detection, "consecutive5xx").unwrap_or(5));
    let gateway = number(detection, "consecutiveGatewayFailure");
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
    ])
}
