use serde_json::{Map, Value, json};

use crate::emit::document::{Object, said};
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Cluster, Mesh, Namespace};

/// istio-system with the network of its cluster, then the mesh's own namespaces.
pub(super) fn objects(mesh: &Mesh, cluster: &Cluster) -> Vec<Value> {
    let labels = json!({ "topology.istio.io/network": said(&cluster.network) });
    let own = mesh
        .namespaces
        .values()
        .filter(|namespace| namespace.name != SYSTEM_NAMESPACE);
    let own = own.map(|namespace| object(&namespace.name, labels_of(namespace)));
    std::iter::once(object(SYSTEM_NAMESPACE, labels))
        .chain(own)
        .collect()
}

fn object(name: &str, labels: Value) -> Value {
    let object = Object {
        api: "v1",
        kind: "Namespace",
        namespace: None,
        name,
    };
    object.with(json!({ "metadata": { "labels": labels } }))
}

/// With a revision, its label says who injects: `istio-injection` would win over it.
fn labels_of(namespace: &Namespace) -> Value {
    let mut labels = Map::new();
    match &namespace.revision {
        _ if !namespace.injection => {}
        Some(revision) => {
            labels.insert("istio.io/rev".to_owned(), Value::from(revision.as_str()));
        }
        None => {
            labels.insert("istio-injection".to_owned(), Value::from("enabled"));
        }
    }
    labels.extend(
        namespace
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.as_str()))),
    );
    Value::Object(labels)
}
