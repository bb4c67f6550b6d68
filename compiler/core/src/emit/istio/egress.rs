//! The way out of the mesh: callers send to the egress gateway by mutual TLS, and the gateway to the outside, as the
//! service's own DestinationRule says (Istio, "Egress Gateways", "Egress Gateways with TLS Origination").

use serde_json::{Value, json};

use super::NETWORKING;
use crate::emit::document::Object;
use crate::emit::kubernetes::short_name;
use crate::model::{Exit, Kind, Mesh, Port, Service};

/// The sidecars of the mesh, among the gateways that a VirtualService is for.
const SIDECARS: &str = "mesh";

/// Callers of the gateways speak mutual TLS to them, whatever is said of the mesh. The name that they ask for is Istio's
/// own, so that gateways between networks know the way.
pub(super) fn rules(mesh: &Mesh) -> impl Iterator<Item = Value> {
    let gateways = mesh
        .services
        .iter()
        .filter(|service| service.kind == Kind::Egress);
    gateways.map(|service| {
        let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
        let object = Object {
            api: NETWORKING,
            kind: "DestinationRule",
            namespace,
            name,
        };
        object.spec(json!({
            "host": service.host,
            "trafficPolicy": { "tls": { "mode": "ISTIO_MUTUAL" } },
        }))
    })
}

/// What the gateway listens to for one service. The port tells which it is, so that any name will do; none but routes of
/// the service's namespace are taken.
pub(super) fn gateway(service: &Service) -> Option<Value> {
    let exit = service.exit.as_ref()?;
    let servers: Vec<_> = ports(service, exit)
        .map(|(port, number)| {
            let protocol = if port.protocol.is_http() { "HTTPS" } else { "TLS" };
            json!({
                "port": { "number": number, "name": format!("{}-{number}", protocol.to_lowercase()), "protocol": protocol },
                "tls": { "mode": "ISTIO_MUTUAL" },
                "hosts": ["./*"],
            })
        })
        .collect();
    let name = gateway_name(service);
    let object = Object {
        api: NETWORKING,
        kind: "Gateway",
        namespace: Some(&service.namespace),
        name: &name,
    };
    Some(object.spec(json!({
        "selector": { "istio": short_name(&exit.gateway) },
        "servers": servers,
    })))
}

fn gateway_name(service: &Service) -> String {
    format!("{}-egress", service.name)
}

/// The ports that leave, and the gateway's for each.
fn ports<'a>(service: &'a Service, exit: &'a Exit) -> impl Iterator<Item = (&'a Port, u16)> {
    let pair = |port: &'a Port| Some((port, *exit.ports.get(&port.number)?));
    service.ports.iter().filter_map(pair)
}

/// Makes a VirtualService, whose routes lead to the gateway, one for the gateway as well.
pub(super) fn complete(spec: &mut Value, service: &Service, exit: &Exit) {
    let gateway = gateway_name(service);
    spec["gateways"] = json!([SIDECARS, gateway]);
    for kind in ["http", "tls", "tcp"] {
        let routes = spec[kind].as_array_mut().into_iter().flatten();
        let matches = routes.filter_map(|route| route["match"].as_array_mut()).flatten();
        matches.for_each(|matching| matching["gateways"] = json!([SIDECARS]));
    }
    for (port, number) in ports(service, exit) {
        let route = json!({
            "match": [{ "gateways": [gateway], "port": number }],
            "route": [{ "destination": { "host": service.host, "port": { "number": port.number } } }],
        });
        let kind = if port.protocol.is_http() { "http" } else { "tcp" };
        if let Some(routes) = spec[kind].as_array_mut() {
            routes.push(route);
        }
    }
}
