//! Manifests for one cluster: plain Kubernetes objects, and the values for Istio's own charts.
//!
//! Every cluster is given the whole mesh, as Istio's multi-primary installations want it: Services are found by
//! their names in every cluster, and each istiod reads the objects of its own. Gateways and VMs belong to one.

mod identity;
mod namespace;
mod raw;
mod service;
mod values;

use serde_json::{Value, json};

use super::document::yaml_text;
use super::istio;
use super::output::File;
use super::snapshot::SYSTEM_NAMESPACE;
use super::watch;
use crate::model::{Cluster, Mesh};

pub(crate) use service::EXPORT_TO;
pub(crate) use values::short_name;

/// All objects of `cluster` that the mesh itself becomes.
pub(crate) fn objects(mesh: &Mesh, cluster: &Cluster) -> Vec<Value> {
    let manifests = manifests(mesh, cluster).into_iter();
    manifests.flat_map(|(_, objects)| objects).collect()
}

/// All objects of `cluster`, as one text.
pub(crate) fn text(mesh: &Mesh, cluster: &Cluster) -> String {
    yaml_text(&objects(mesh, cluster))
}

/// All files of `cluster`, by path below `out/`, ordered so that what is named exists before it is used.
pub(super) fn files(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, File)> {
    let folder = format!("kubernetes/{}", cluster.name);
    let own = manifests(mesh, cluster).into_iter();
    let mut files: Vec<_> = own.map(|(name, objects)| (name, yaml_text(&objects))).collect();
    files.extend(raw::files(mesh, cluster));
    let kustomization = kustomization(mesh, files.iter().map(|(name, _)| name.as_str()));
    files.push(("kustomization.yaml".to_owned(), kustomization));
    files.extend(values::files(mesh, cluster));
    files
        .into_iter()
        .map(|(name, text)| (format!("{folder}/{name}"), File::public(text)))
        .collect()
}

fn manifests(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, Vec<Value>)> {
    let mut manifests = vec![
        ("00-namespaces.yaml".to_owned(), namespace::objects(mesh, cluster)),
        (
            format!("10-{SYSTEM_NAMESPACE}.yaml"),
            istio::system_objects(mesh, cluster),
        ),
    ];
    for namespace in mesh.namespaces.keys() {
        let mut objects = identity::accounts(mesh, namespace);
        objects.extend(mesh.services_in(namespace).filter_map(service::object));
        objects.extend(istio::namespace_objects(mesh, namespace));
        manifests.push((format!("20-{namespace}.yaml"), objects));
        // Machines come and go more often than services: their diff is a file of its own.
        manifests.push((
            format!("30-{namespace}-vms.yaml"),
            istio::machine_objects(mesh, cluster, namespace),
        ));
    }
    manifests.retain(|(_, objects)| !objects.is_empty());
    manifests
}

fn kustomization<'a>(mesh: &Mesh, resources: impl Iterator<Item = &'a str>) -> String {
    let resources: Vec<Value> = resources.map(Value::from).collect();
    let mut kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    if watch::has_component(mesh) {
        kustomization["components"] = json!([watch::COMPONENT]);
    }
    yaml_text([&kustomization])
}
