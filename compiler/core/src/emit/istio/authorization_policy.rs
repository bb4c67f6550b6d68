use serde_json::{Value, json};

use super::SECURITY;
use crate::emit::document::Object;
use crate::model::{Allow, Mesh, Service, Source};

/// Who may call the workloads of a service, if it says so. It is named like the service, and so are its rules in
/// the VMs' snapshots and logs.
pub(super) fn object(mesh: &Mesh, service: &Service) -> Option<Value> {
    if service.allow.is_empty() || service.is_external() {
        return None;
    }
    let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
    let object = Object {
        api: SECURITY,
        kind: "AuthorizationPolicy",
        namespace,
        name,
    };
    Some(object.spec(json!({
        "selector": { "matchLabels": service.selector },
        "action": "ALLOW",
        "rules": service.allow.iter().map(|allow| rule(mesh, allow)).collect::<Vec<_>>(),
    })))
}

fn rule(mesh: &Mesh, allow: &Allow) -> Value {
    let ports: Vec<_> = allow.ports.iter().map(ToString::to_string).collect();
    let operation = json!({ "methods": allow.methods, "paths": allow.paths, "ports": ports });
    let asks = !(allow.methods.is_empty() && allow.paths.is_empty() && ports.is_empty());
    json!({
        "from": from(mesh, &allow.from),
        "to": asks.then(|| json!([{ "operation": operation }])),
    })
}

/// Accounts and namespaces stand in sources of their own: within one source Istio asks for all of it.
fn from(mesh: &Mesh, sources: &[Source]) -> Vec<Value> {
    let mut principals = Vec::new();
    let mut namespaces = Vec::new();
    for source in sources {
        match source {
            Source::Account { namespace, account } => {
                principals.push(format!("{}/ns/{namespace}/sa/{account}", mesh.trust_domain));
            }
            Source::Namespace(namespace) => namespaces.push(namespace.clone()),
        }
    }
    let source =
        |key: &str, list: Vec<String>| (!list.is_empty()).then(|| json!({ "source": { key: list } }));
    [source("principals", principals), source("namespaces", namespaces)]
        .into_iter()
        .flatten()
        .collect()
}
