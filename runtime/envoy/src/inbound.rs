use std::net::SocketAddr;

use mesh_wire::listener::{InboundListener, InboundProtocol, MtlsMode};
use serde_json::{Value, json};

use super::log::Side;
use super::manager::{self, Http};
use super::outbound::{BLACK_HOLE, http_inspector, tcp, tls_inspector};
use super::{Export, authorizer, extension, policy, socket, time, tls};

/// What Istio's rules of TPROXY tell packets by that the proxy sends from a client's address.
const TPROXY_MARK: u32 = 1337;
/// The names that only Istio's clients offer.
const ISTIO: [&str; 5] = [
    "istio",
    "istio-peer-exchange",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];
const ISTIO_HTTP: [&str; 3] = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const HTTP: [&str; 3] = ["http/1.0", "http/1.1", "h2c"];

/// One that takes all that is redirected, with chains by the port dialled.
pub(super) fn listener(export: &mut Export<'_>, place: SocketAddr) -> Option<Value> {
    let all = &export.snapshot.inbound;
    if all.is_empty() {
        return None;
    }
    let detection = export.snapshot.detection.unwrap_or_default();
    let original = "envoy.extensions.filters.listener.original_dst.v3.OriginalDst";
    let mut filters = vec![extension(
        "envoy.filters.listener.original_dst",
        original,
        json!({}),
    )];
    let client_source = all.iter().any(|listener| listener.client_source);
    if client_source {
        let source = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";
        let config = json!({ "mark": TPROXY_MARK });
        filters.push(extension("envoy.filters.listener.original_src", source, config));
    }
    let tls = |listener: &InboundListener| listener.mtls != MtlsMode::Disable;
    let http = |listener: &InboundListener| {
        listener.protocol == InboundProtocol::Detect && listener.mtls != MtlsMode::Strict
    };
    filters.extend(inspector(tls_inspector(), all, tls));
    filters.extend(inspector(http_inspector(), all, http));
    let mut chains = vec![loop_guard(place.port(), export)];
    for wire in all {
        chains.extend(Chains { export, wire }.all());
    }
    Some(json!({
        "name": "virtualInbound", "address": socket(place), "traffic_direction": "INBOUND",
        "transparent": client_source.then_some(true),
        "listener_filters": filters, "filter_chains": chains,
        "listener_filters_timeout": time(detection.timeout),
        "continue_on_listener_filters_timeout": detection.continue_on_timeout,
    }))
}

/// Nobody means the proxy itself: passing that on would be a loop.
pub(super) fn loop_guard(port: u16, export: &mut Export<'_>) -> Value {
    if !export.snapshot.clusters.contains_key(BLACK_HOLE)
        && !export.clusters.iter().any(|own| own["name"] == BLACK_HOLE)
    {
        export
            .clusters
            .push(json!({ "name": BLACK_HOLE, "type": "STATIC", "connect_timeout": "1s" }));
    }
    let kind = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    let config = json!({ "stat_prefix": BLACK_HOLE, "cluster": BLACK_HOLE });
    json!({ "name": "blackhole", "filter_chain_match": { "destination_port": port },
        "filters": [extension("envoy.filters.network.tcp_proxy", kind, config)] })
}

/// A look at the first bytes where listeners need it, and nowhere else: servers that speak first would wait for ever.
fn inspector(
    mut filter: Value,
    all: &[InboundListener],
    needs: impl Fn(&InboundListener) -> bool,
) -> Option<Value> {
    if !all.iter().any(&needs) {
        return None;
    }
    let catch_all = all.iter().find(|listener| listener.port.is_none());
    let by_default = catch_all.is_some_and(&needs);
    let ports: Vec<Value> = all
        .iter()
        .filter(|listener| needs(listener) != by_default)
        .filter_map(|listener| listener.port)
        .map(|port| json!({ "destination_port_range": { "start": port, "end": u32::from(port) + 1 } }))
        .collect();
    let listed = match ports.len() {
        0 => None,
        1 => Some(ports[0].clone()),
        _ => Some(json!({ "or_match": { "rules": ports } })),
    };
    filter["filter_disabled"] = match (by_default, listed) {
        (true, Some(listed)) => listed,
        (false, Some(listed)) => json!({ "not_match": listed }),
        (_, None) => Value::Null,
    };
    Some(filter)
}

/// The chains of one port.
struct Chains<'e, 'a> {
    export: &'e mut Export<'a>,
    wire: &'e InboundListener,
}

impl Chains<'_, '_> {
    fn all(&mut self) -> Vec<Value> {
        match self.wire.mtls {
            MtlsMode::Disable => self.plain(None),
            MtlsMode::Strict => self.mesh(false),
            MtlsMode::Permissive => {
                let mut chains = self.mesh(true);
                // TLS that is the application's own.
                chains.push(self.chain(json!({ "transport_protocol": "tls" }), false, false));
                chains.extend(self.plain(Some("raw_buffer")));
                chains
            }
        }
    }

    fn mesh(&mut self, named: bool) -> Vec<Value> {
        let secured = |alpn: &[&str]| json!({ "transport_protocol": "tls", "application_protocols": alpn });
        let all = if named {
            secured(&ISTIO)
        } else {
            json!({ "transport_protocol": "tls" })
        };
        match self.wire.protocol {
            InboundProtocol::Http => vec![self.chain(all, true, true)],
            InboundProtocol::Tcp => vec![self.chain(all, false, true)],
            InboundProtocol::Detect => {
                let rest = if named { secured(&ISTIO[..2]) } else { all };
                vec![
                    self.chain(secured(&ISTIO_HTTP), true, true),
                    self.chain(rest, false, true),
                ]
            }
        }
    }

    fn plain(&mut self, transport: Option<&str>) -> Vec<Value> {
        let all = json!({ "transport_protocol": transport });
        match self.wire.protocol {
            InboundProtocol::Http => vec![self.chain(all, true, false)],
            InboundProtocol::Tcp => vec![self.chain(all, false, false)],
            InboundProtocol::Detect => {
                let http = json!({ "transport_protocol": "raw_buffer", "application_protocols": HTTP });
                // Envoy does not go back to chains of any transport once one of this transport was found.
                let rest = json!({ "transport_protocol": "raw_buffer" });
                vec![self.chain(http, true, false), self.chain(rest, false, false)]
            }
        }
    }

    fn chain(&mut self, mut matches: Value, http: bool, secured: bool) -> Value {
        matches["destination_port"] = self.wire.port.into();
        let filters = if http {
            vec![manager::of(self.export, &Http::inbound(self.wire))]
        } else {
            let mut filters = authorizer::network(self.wire);
            filters.extend(policy::network(self.wire));
            let share = mesh_wire::route::WeightedCluster {
                cluster: self.wire.cluster.clone(),
                weight: 1,
                request_headers: mesh_wire::route::HeaderEdits::default(),
                response_headers: mesh_wire::route::HeaderEdits::default(),
            };
            filters.push(tcp(self.export, &self.wire.name, &[share], Side::Server));
            filters
        };
        let mut chain = json!({ "name": self.wire.name, "filter_chain_match": matches, "filters": filters });
        if secured {
            chain["transport_socket"] = tls::downstream(self.export, http);
            chain["transport_socket_connect_timeout"] = "15s".into();
        }
        chain
    }
}
