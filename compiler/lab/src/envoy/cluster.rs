//! Where connections go to (Envoy `config.cluster.v3`).

use std::net::IpAddr;

use mesh_wire::cluster::{
    Balance, Cluster, Discovery, Endpoint, HttpVersion, Limits, LocalityEndpoints, LocalityPolicy, Outliers,
    Transport,
};
use serde_json::{Value, json};

use super::tls::{self, Inside};
use super::{duration, socket_address};

/// How Istio marks endpoints that speak its mutual TLS.
const TLS_MODE: &str = "tlsMode";

/// An Envoy cluster; `http` says whether requests are routed to it.
pub(super) fn cluster(name: &str, of: &Cluster, http: bool) -> Value {
    let mut fields = json!({
        "name": name,
        "type": kind(of),
        "lb_policy": balance(of),
        "connect_timeout": duration(of.connect_timeout),
        "circuit_breakers": limits(&of.limits),
        "common_lb_config": { "healthy_panic_threshold": { "value": of.panic_threshold } },
    });
    if matches!(
        of.discovery,
        Discovery::Listed | Discovery::StrictDns | Discovery::LogicalDns
    ) {
        fields["load_assignment"] = assignment(name, of);
    }
    if let Some(outliers) = &of.outliers {
        fields["outlier_detection"] = outlier_detection(outliers);
    }
    if let Some(address) = of.source_address {
        fields["upstream_bind_config"] = json!({ "source_address": { "address": address, "port_value": 0 } });
    }
    if http {
        let options = http_options(of);
        fields["typed_extension_protocol_options"] =
            json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options });
    }
    protect(&mut fields, of, http);
    fields
}

/// The cluster that closes every connection.
pub(super) fn black_hole() -> Value {
    json!({ "name": super::BLACK_HOLE, "type": "STATIC", "connect_timeout": "10s" })
}

fn kind(of: &Cluster) -> &'static str {
    let named = || {
        of.endpoints
            .iter()
            .flat_map(|it| &it.endpoints)
            .any(|it| it.address.parse::<IpAddr>().is_err())
    };
    match of.discovery {
        Discovery::Listed if named() => "STRICT_DNS",
        Discovery::Listed | Discovery::BlackHole => "STATIC",
        Discovery::OriginalDestination => "ORIGINAL_DST",
        Discovery::StrictDns => "STRICT_DNS",
        Discovery::LogicalDns => "LOGICAL_DNS",
    }
}

fn balance(of: &Cluster) -> &'static str {
    match of.balance {
        // The only one that the discovery can do.
        _ if of.discovery == Discovery::OriginalDestination => "CLUSTER_PROVIDED",
        Balance::LeastRequest => "LEAST_REQUEST",
        Balance::RoundRobin | Balance::Provided => "ROUND_ROBIN",
        Balance::Random => "RANDOM",
        Balance::RingHash { .. } => "RING_HASH",
        Balance::Maglev { .. } => "MAGLEV",
    }
}

fn limits(of: &Limits) -> Value {
    let or_all = |limit: Option<u32>| limit.unwrap_or(u32::MAX);
    json!({ "thresholds": [{
        "max_connections": or_all(of.connections),
        "max_pending_requests": or_all(of.pending),
        "max_requests": or_all(of.requests),
        "max_retries": or_all(of.retries),
    }] })
}

fn outlier_detection(of: &Outliers) -> Value {
    let mut fields = json!({
        "interval": duration(of.interval),
        "base_ejection_time": duration(of.ejection),
        "max_ejection_percent": of.max_percent,
        "enforcing_success_rate": 0,
    });
    for (kind, limit) in [
        ("5xx", of.consecutive_5xx),
        ("gateway_failure", of.consecutive_gateway),
    ] {
        fields[format!("enforcing_consecutive_{kind}")] = limit.map_or(0, |_| 100).into();
        if let Some(limit) = limit {
            fields[format!("consecutive_{kind}")] = limit.into();
        }
    }
    fields
}

fn http_options(of: &Cluster) -> Value {
    let mut common = json!({});
    if let Some(idle) = of.limits.idle_timeout {
        common["idle_timeout"] = duration(idle).into();
    }
    if let Some(requests) = of.limits.requests_per_connection {
        common["max_requests_per_connection"] = requests.into();
    }
    let mut fields = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": common,
    });
    match of.http {
        HttpVersion::Http1 => fields["explicit_http_config"] = json!({ "http_protocol_options": {} }),
        HttpVersion::Http2 => fields["explicit_http_config"] = json!({ "http2_protocol_options": {} }),
        HttpVersion::AsClient => {
            fields["use_downstream_protocol_config"] =
                json!({ "http_protocol_options": {}, "http2_protocol_options": {} });
        }
    }
    fields
}

fn protect(fields: &mut Value, of: &Cluster, http: bool) {
    match &of.transport {
        Transport::Plaintext => {}
        Transport::Tls(tls) => fields["transport_socket"] = tls::originated(tls),
        Transport::Mesh(mesh) => {
            let inside = if http { Inside::Http(of.http) } else { Inside::Tcp };
            let socket = tls::upstream(mesh, inside);
            // An original destination carries no mark.
            if of.discovery == Discovery::OriginalDestination {
                fields["transport_socket"] = socket;
                return;
            }
            let plain = super::extension(
                "envoy.transport_sockets.raw_buffer",
                "transport_sockets.raw_buffer.v3.RawBuffer",
                json!({}),
            );
            fields["transport_socket_matches"] = json!([
                { "name": "tlsMode-istio", "match": { TLS_MODE: "istio" }, "transport_socket": socket },
                { "name": "tlsMode-disabled", "match": {}, "transport_socket": plain },
            ]);
        }
    }
}

fn assignment(name: &str, of: &Cluster) -> Value {
    let given = of.locality == LocalityPolicy::Given;
    let places: Vec<Value> = of.endpoints.iter().map(|place| locality(place, given)).collect();
    json!({ "cluster_name": name, "endpoints": places })
}

fn locality(place: &LocalityEndpoints, by_priority: bool) -> Value {
    let endpoints: Vec<Value> = place.endpoints.iter().map(endpoint).collect();
    let weight: u32 = place
        .endpoints
        .iter()
        .map(|it| it.weight)
        .fold(0, u32::saturating_add);
    json!({
        "locality": {
            "region": place.locality.region,
            "zone": place.locality.zone,
            "sub_zone": place.locality.subzone,
        },
        "load_balancing_weight": weight.max(1),
        "priority": if by_priority { place.priority } else { 0 },
        "lb_endpoints": endpoints,
    })
}

fn endpoint(of: &Endpoint) -> Value {
    let mut fields = json!({
        "endpoint": { "address": socket_address(&of.address, of.port) },
        "load_balancing_weight": of.weight.max(1),
    });
    if of.mtls {
        fields["metadata"] =
            json!({ "filter_metadata": { "envoy.transport_socket_match": { TLS_MODE: "istio" } } });
    }
    fields
}
