//! Where connections from outside arrive (Istio `virtualInbound`).

use mesh_wire::Snapshot;
use mesh_wire::listener::{InboundListener, InboundProtocol, MtlsMode};
use serde_json::{Value, json};

use super::http::{self, Direction};
use super::outbound::tcp_proxy;
use super::rbac::{self, Layer};
use super::{BLACK_HOLE, INBOUND_PORT, extension, route, socket_address, tls};

/// What Istio's clients offer when they speak HTTP inside.
const HTTP_ALPN: [&str; 3] = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
/// What Istio's clients offer at all: tells the mesh's TLS from an application's.
const MESH_ALPN: [&str; 5] = [
    "istio",
    "istio-peer-exchange",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];

/// The listener that captured connections come to.
pub(super) fn listener(snapshot: &Snapshot) -> Value {
    let black_hole = tcp_proxy(BLACK_HOLE, ("cluster", json!(BLACK_HOLE)), Direction::Inbound);
    let mut chains = vec![json!({
        "name": "virtualInbound-blackhole",
        "filter_chain_match": { "destination_port": INBOUND_PORT },
        "filters": [black_hole],
    })];
    chains.extend(snapshot.inbound.iter().flat_map(|it| chains_of(snapshot, it)));
    json!({
        "name": "virtualInbound",
        "address": socket_address("0.0.0.0", INBOUND_PORT),
        "traffic_direction": "INBOUND",
        "listener_filters": listener_filters(snapshot),
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": true,
        "filter_chains": chains,
        "access_log": refused_log(),
    })
}

fn listener_filters(snapshot: &Snapshot) -> Value {
    let filter = |name: &str, kind: &str| {
        let name = format!("envoy.filters.listener.{name}");
        extension(&name, &format!("filters.listener.{kind}"), json!({}))
    };
    let mut filters = vec![
        filter("original_dst", "original_dst.v3.OriginalDst"),
        filter("tls_inspector", "tls_inspector.v3.TlsInspector"),
    ];
    // Only where plaintext has to be told apart: it waits for bytes of the client.
    if snapshot
        .inbound
        .iter()
        .any(|it| it.protocol == InboundProtocol::Detect && it.mtls != MtlsMode::Strict)
    {
        filters.push(filter("http_inspector", "http_inspector.v3.HttpInspector"));
    }
    filters.into()
}

/// Istio logs what no chain takes, such as plaintext where mutual TLS is strict.
fn refused_log() -> Value {
    let mut log = http::access_log(Direction::Inbound);
    log[0]["filter"] = json!({ "response_flag_filter": { "flags": ["NR"] } });
    log
}

fn chains_of(snapshot: &Snapshot, of: &InboundListener) -> Vec<Value> {
    let mut chains = Vec::new();
    let secured = |inside, alpn: &[&str]| {
        let mut chain = chain(of, inside, "tls", alpn);
        chain["transport_socket"] = tls::downstream(snapshot);
        chain
    };
    if of.mtls != MtlsMode::Disable {
        // In strict mode all TLS is the mesh's; else only what offers its protocols.
        let mesh: &[&str] = if of.mtls == MtlsMode::Strict {
            &[]
        } else {
            &MESH_ALPN
        };
        match of.protocol {
            InboundProtocol::Http => chains.push(secured(Layer::Http, mesh)),
            InboundProtocol::Tcp => chains.push(secured(Layer::Tcp, mesh)),
            InboundProtocol::Detect => {
                let bytes: &[&str] = if of.mtls == MtlsMode::Strict {
                    &[]
                } else {
                    &MESH_ALPN[..2]
                };
                chains.extend([secured(Layer::Http, &HTTP_ALPN), secured(Layer::Tcp, bytes)]);
            }
        }
    }
    if of.mtls != MtlsMode::Strict {
        chains.push(chain(of, Layer::Tcp, "tls", &[]));
        match of.protocol {
            InboundProtocol::Http => chains.push(chain(of, Layer::Http, "raw_buffer", &[])),
            InboundProtocol::Tcp => chains.push(chain(of, Layer::Tcp, "raw_buffer", &[])),
            InboundProtocol::Detect => chains.extend([
                chain(of, Layer::Http, "raw_buffer", &["http/1.1", "h2c"]),
                chain(of, Layer::Tcp, "raw_buffer", &[]),
            ]),
        }
    }
    chains
}

fn chain(of: &InboundListener, inside: Layer, transport: &str, alpn: &[&str]) -> Value {
    let mut matches = json!({ "transport_protocol": transport });
    if !alpn.is_empty() {
        matches["application_protocols"] = json!(alpn);
    }
    if let Some(port) = of.port {
        matches["destination_port"] = port.into();
    }
    let word = if matches!(inside, Layer::Http) {
        "http"
    } else {
        "tcp"
    };
    let mut filters = rbac::filters(&of.policy, inside);
    match inside {
        Layer::Http => {
            let routes = of.routes.as_ref().map(|table| route::table(&of.cluster, table));
            let routes = routes.unwrap_or_else(|| route::to_cluster(&of.cluster));
            filters = vec![http::manager(&of.cluster, routes, filters, Direction::Inbound)];
        }
        Layer::Tcp => {
            let cluster = ("cluster", json!(of.cluster));
            filters.push(tcp_proxy(&of.cluster, cluster, Direction::Inbound));
        }
    }
    let name = format!(
        "{}-{transport}-{word}{}",
        of.name,
        if alpn.is_empty() { "" } else { "-alpn" }
    );
    json!({ "name": name, "filter_chain_match": matches, "filters": filters })
}
