use mesh_wire::listener::MtlsMode;
use serde_json::{Map, Value, json};

use super::{SECURITY, text};
use crate::emit::document::Object;
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Mesh, Service};

/// The name by which Istio's docs call the policy of a whole mesh or namespace.
const DEFAULT: &str = "default";

/// The mode of the whole mesh.
pub(super) fn of_mesh(mesh: &Mesh) -> Value {
    object(SYSTEM_NAMESPACE, DEFAULT).spec(json!({ "mtls": mode(mesh.mtls) }))
}

/// The mode of a namespace, if it has one of its own. In istio-system it would be that of the mesh.
pub(super) fn of_namespace(mesh: &Mesh, namespace: &str) -> Option<Value> {
    let own = mesh
        .namespaces
        .get(namespace)?
        .mtls
        .filter(|_| namespace != SYSTEM_NAMESPACE)?;
    Some(object(namespace, DEFAULT).spec(json!({ "mtls": mode(own) })))
}

/// The mode of a service's workloads and of single ports of theirs.
pub(super) fn of_service(service: &Service) -> Option<Value> {
    if service.is_external() || (service.mtls.is_none() && service.port_mtls.is_empty()) {
        return None;
    }
    let ports = service
        .port_mtls
        .iter()
        .map(|(port, own)| (port.to_string(), mode(*own)));
    Some(object(&service.namespace, &service.name).spec(json!({
        "selector": { "matchLabels": service.selector },
        "mtls": service.mtls.map(mode),
        "portLevelMtls": ports.collect::<Map<_, _>>(),
    })))
}

fn mode(mode: MtlsMode) -> Value {
    json!({ "mode": text::mtls_mode(mode) })
}

fn object<'a>(namespace: &'a str, name: &'a str) -> Object<'a> {
    Object {
        api: SECURITY,
        kind: "PeerAuthentication",
        namespace: Some(namespace),
        name,
    }
}
