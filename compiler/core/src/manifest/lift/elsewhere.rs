use super::fields::Unsaid;
use super::index::{Index, ROOT};
use crate::manifest::Object;

/// Kinds of which the cluster makes all objects itself.
const OF_THE_CLUSTER: &[(&str, &str)] = &[
    ("", "Node"),
    ("", "Endpoints"),
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("coordination.k8s.io", "Lease"),
    ("apps", "ControllerRevision"),
];

/// Namespaces of Kubernetes itself.
const SYSTEM: &[&str] = &["kube-system", "kube-public", "kube-node-lease"];

/// What every namespace is given.
const GIVEN: &[(&str, &str)] = &[
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "istio-ca-root-cert"),
    ("ServiceAccount", "default"),
    ("Service", "kubernetes"),
];

/// Why an object is nobody's to write: the cluster makes it, or it came with Istio.
pub(super) fn owner(object: &Object, index: &Index) -> Option<Unsaid> {
    let kind = object.kind.value.as_str();
    let name = object.name.value.as_str();
    let is_given = object.group().is_empty() && GIVEN.contains(&(kind, name));
    let made = OF_THE_CLUSTER.contains(&(object.group(), kind))
        || (kind == "Pod" || kind == "ReplicaSet") && has_run(object)
        || SYSTEM.contains(&object.namespace())
        || kind == "Namespace" && (SYSTEM.contains(&name) || name == "default")
        || is_given && (kind != "Service" || object.namespace() == "default");
    let why = if made {
        "the cluster makes it by itself"
    } else if is_installed(object, index) {
        "it came with Istio's installation"
    } else {
        return None;
    };
    Some(Unsaid {
        why: why.to_owned(),
        span: object.span,
        elsewhere: true,
    })
}

/// A controller or a scheduler has had it.
fn has_run(object: &Object) -> bool {
    let owners = object.items(&["metadata", "ownerReferences"]);
    !owners.is_empty() || object.at(&["spec", "nodeName"]).is_some()
}

/// It is in Istio's namespace, and is no configuration of the mesh.
fn is_installed(object: &Object, index: &Index) -> bool {
    let installs = object.group() == "install.istio.io";
    let of_mesh = object.group().ends_with(".istio.io") || object.kind.value == "Namespace";
    let gateway = index
        .gateways
        .values()
        .any(|gateway| gateway.name == object.name.value);
    let labelled = object
        .at(&["metadata", "labels", "install.operator.istio.io/owning-resource"])
        .is_some()
        || object
            .at(&["metadata", "labels", "operator.istio.io/component"])
            .is_some();
    let known = [
        "istiod",
        "istio",
        "istio-sidecar-injector",
        "istio-reader-service-account",
    ];
    let named = known
        .iter()
        .any(|known| object.name.value == *known || object.name.value.starts_with("istiod-"));
    installs || object.namespace() == ROOT && !of_mesh && (gateway || labelled || named)
}
