use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::program::{Hop, Side};
use super::trial::Kind;
use crate::command::command;

const CLUSTER: &str = "next";

/// Envoy as one hop, set up as Istio sets up its sidecars, but without what this hop does not need.
pub(super) fn hop(program: &Path, hop: &Hop<'_>) -> Result<Command> {
    let config = hop.write(".envoy.json", &serde_json::to_vec_pretty(&config(hop))?)?;
    let mut command = command(program);
    command
        .args(["--disable-hot-restart", "--concurrency", "2"])
        .args(["--log-level", "critical", "--config-path"])
        .arg(config);
    Ok(command)
}

fn config(hop: &Hop<'_>) -> Value {
    let filter = if hop.kind == Kind::Tcp {
        typed(
            "envoy.filters.network.tcp_proxy",
            "filters.network.tcp_proxy.v3.TcpProxy",
            json!({ "stat_prefix": "tcp", "cluster": CLUSTER }),
        )
    } else {
        manager(hop)
    };
    let mut chain = json!({ "filters": [filter] });
    let mut cluster = json!({
        "name": CLUSTER, "type": "STATIC", "connect_timeout": "5s", "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": { "thresholds": [{ "max_connections": 100_000, "max_pending_requests": 100_000,
            "max_requests": 100_000 }] },
        "load_assignment": { "cluster_name": CLUSTER, "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": socket(hop.next) } } ] }] },
    });
    if hop.kind == Kind::Http2 {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http2_protocol_options": {} } } });
    }
    match hop.side {
        Side::Inbound => chain["transport_socket"] = downstream(hop),
        Side::Outbound => cluster["transport_socket"] = upstream(hop),
    }
    json!({
        "node": { "id": "bench", "cluster": "bench" },
        "static_resources": {
            "listeners": [{ "name": "hop", "address": socket(hop.listen), "filter_chains": [chain] }],
            "clusters": [cluster],
        },
    })
}

fn manager(hop: &Hop<'_>) -> Value {
    let mut config = json!({
        "stat_prefix": "http",
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
            { "match": { "prefix": "/" }, "route": { "cluster": CLUSTER, "timeout": "0s" } } ] }] },
        "http_filters": [typed("envoy.filters.http.router", "filters.http.router.v3.Router", json!({}))],
    });
    if hop.side == Side::Inbound {
        config["forward_client_cert_details"] = json!("APPEND_FORWARD");
        config["set_current_client_cert_details"] = json!({ "subject": true, "dns": true, "uri": true });
    }
    typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        config,
    )
}

/// TLS 1.3, with whoever is `peer` by URI SAN.
fn tls(hop: &Hop<'_>, peer: &Value) -> Value {
    let own = |end: &str| json!({ "filename": hop.issued(&format!("{}{end}", hop.who())) });
    let protocols = match hop.kind {
        Kind::Tcp => json!(["istio"]),
        Kind::Http1 => json!(["http/1.1"]),
        Kind::Http2 => json!(["h2"]),
    };
    json!({
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3" },
        "tls_certificates": [{ "certificate_chain": own(".pem"), "private_key": own(".key") }],
        "validation_context": {
            "trusted_ca": { "filename": hop.issued("ca.pem") },
            "match_typed_subject_alt_names": [{ "san_type": "URI", "matcher": peer }],
        },
        "alpn_protocols": protocols,
    })
}

fn downstream(hop: &Hop<'_>) -> Value {
    let peers = json!({ "prefix": "spiffe://cluster.local/" });
    let mut context = json!({ "common_tls_context": tls(hop, &peers), "require_client_certificate": true });
    if hop.full_handshakes {
        context["disable_stateless_session_resumption"] = json!(true);
        context["disable_stateful_session_resumption"] = json!(true);
    }
    typed(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.DownstreamTlsContext",
        context,
    )
}

fn upstream(hop: &Hop<'_>) -> Value {
    let server = json!({ "exact": "spiffe://cluster.local/ns/forum/sa/forum" });
    let sni = "outbound_.80_._.forum.forum.svc.cluster.local";
    let mut context = json!({ "common_tls_context": tls(hop, &server), "sni": sni });
    if hop.full_handshakes {
        context["max_session_keys"] = json!(0);
    }
    typed(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        context,
    )
}

/// An extension's settings.
fn typed(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{kind}"));
    json!({ "name": name, "typed_config": config })
}

fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}
