use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::NETWORKING;
use crate::emit::document::Object;
use crate::emit::kubernetes::short_name;
use crate::emit::snapshot::{SYSTEM_NAMESPACE, domain};
use crate::model::{Cluster, Gateway, Kind, Mesh};

/// Ports by which istiod is reached through the gateway, and those of its Service: for xDS and for webhooks.
const ISTIOD_PORTS: [(u16, &str, u16); 2] = [(15012, "tls-istiod", 15012), (15017, "tls-webhook", 443)];

/// What opens the gateways of `cluster`: for the services of the mesh, and for istiod (Istio
/// `samples/multicluster/expose-services.yaml`, `expose-istiod.yaml`).
pub(super) fn objects(mesh: &Mesh, cluster: &Cluster) -> Vec<Value> {
    let alone = cluster.gateways.len() == 1;
    let each = |gateway: &Gateway| {
        let name = |base: &str| {
            if alone {
                base.to_owned()
            } else {
                format!("{base}-{}", short_name(&gateway.name))
            }
        };
        [
            services(mesh, gateway, &name("cross-network-gateway")),
            istiod_gateway(gateway, &name("istiod-gateway")),
            istiod_route(mesh, &name(&istiod_route_name(mesh)), &name("istiod-gateway")),
        ]
    };
    cluster.gateways.iter().flat_map(each).collect()
}

/// The SNI leads each connection to its service; the gateway opens none. Services whose hosts are not Kubernetes' are
/// let through by their names.
fn services(mesh: &Mesh, gateway: &Gateway, name: &str) -> Value {
    let own = mesh
        .services
        .iter()
        .filter(|service| service.kind == Kind::MeshInternal && !service.pods.is_empty());
    let own: BTreeSet<_> = own
        .map(|service| service.host.as_str())
        .filter(|host| !host.ends_with(".local"))
        .collect();
    let hosts: Vec<_> = std::iter::once("*.local").chain(own).collect();
    object("Gateway", name).spec(json!({
        "selector": { "istio": short_name(&gateway.name) },
        "servers": [{
            "port": { "number": gateway.port, "name": "tls", "protocol": "TLS" },
            "tls": { "mode": "AUTO_PASSTHROUGH" },
            "hosts": hosts,
        }],
    }))
}

fn istiod_gateway(gateway: &Gateway, name: &str) -> Value {
    let server = |(port, name, _): &(u16, &str, u16)| {
        json!({
            "port": { "number": port, "name": name, "protocol": "TLS" },
            "tls": { "mode": "PASSTHROUGH" },
            "hosts": ["*"],
        })
    };
    object("Gateway", name).spec(json!({
        "selector": { "istio": short_name(&gateway.name) },
        "servers": ISTIOD_PORTS.iter().map(server).collect::<Vec<_>>(),
    }))
}

fn istiod_route(mesh: &Mesh, name: &str, gateway: &str) -> Value {
    let istiod = istiod_service(mesh);
    let short = format!("{istiod}.{SYSTEM_NAMESPACE}.svc");
    let full = format!("{short}.{}", domain(mesh));
    // Several revisions share the gateway's ports: their names tell them apart.
    let hosts = if mesh.revision.is_some() {
        json!([short, full])
    } else {
        json!(["*"])
    };
    let route = |(port, _, target): &(u16, &str, u16)| {
        json!({
            "match": [{ "port": port, "sniHosts": hosts }],
            "route": [{ "destination": { "host": full, "port": { "number": target } } }],
        })
    };
    object("VirtualService", name).spec(json!({
        "hosts": ["*"],
        "gateways": [gateway],
        "tls": ISTIOD_PORTS.iter().map(route).collect::<Vec<_>>(),
    }))
}

fn istiod_service(mesh: &Mesh) -> String {
    mesh.revision
        .as_ref()
        .map_or_else(|| "istiod".to_owned(), |revision| format!("istiod-{revision}"))
}

fn istiod_route_name(mesh: &Mesh) -> String {
    mesh.revision.as_ref().map_or_else(
        || "istiod-vs".to_owned(),
        |revision| format!("istiod-vs-{revision}"),
    )
}

fn object<'a>(kind: &'a str, name: &'a str) -> Object<'a> {
    Object {
        api: NETWORKING,
        kind,
        namespace: Some(SYSTEM_NAMESPACE),
        name,
    }
}
