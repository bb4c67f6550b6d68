use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::emit::document::Object;
use crate::model::{Kind, Mesh};

/// The account that every namespace has by itself.
const DEFAULT: &str = "default";

/// The service accounts of all workloads of `namespace`, pods and VMs, and of those that only call.
pub(super) fn accounts(mesh: &Mesh, namespace: &str) -> Vec<Value> {
    let declared = mesh.namespaces.get(namespace).into_iter();
    let declared = declared.flat_map(|namespace| namespace.accounts.iter().map(String::as_str));
    let services = mesh
        .services_in(namespace)
        .filter(|service| !service.is_external() && service.kind != Kind::Egress);
    let groups = mesh.groups_in(namespace).map(|group| group.account.as_str());
    let accounts: BTreeSet<&str> = services
        .map(|service| service.account.as_str())
        .chain(groups)
        .chain(declared)
        .filter(|account| !account.is_empty() && *account != DEFAULT)
        .collect();
    accounts.into_iter().map(|name| object(namespace, name)).collect()
}

fn object(namespace: &str, name: &str) -> Value {
    Object {
        api: "v1",
        kind: "ServiceAccount",
        namespace: Some(namespace),
        name,
    }
    .with(json!({}))
}
