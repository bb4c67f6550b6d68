use std::collections::BTreeMap;

use serde_json::Value;

use crate::diag::{Diagnostic, Sink, Span, code};
use crate::emit;
use crate::model::{Identity, Mesh};

/// Says which objects that are written by hand are there twice: in two files, or as what the spec itself becomes. One
/// of them would overwrite the other.
pub(crate) fn check(mesh: &Mesh, sink: &mut Sink) {
    if mesh.raw.is_empty() {
        return;
    }
    for cluster in mesh.clusters.values() {
        let mut emitted: BTreeMap<Identity, Span> = BTreeMap::new();
        for object in emit::kubernetes::objects(mesh, cluster) {
            let identity = identity(&object);
            let place = place(mesh, identity.namespace.as_deref(), &identity.name);
            emitted.insert(identity, place);
        }
        let mut written: BTreeMap<&Identity, Span> = BTreeMap::new();
        let of_cluster = mesh.raw.iter().filter(|raw| raw.is_for(&cluster.name));
        for object in of_cluster.flat_map(|raw| &raw.objects) {
            for own in &object.identities {
                let told = |message: String| Diagnostic::new(&code::OBJECT_TWICE, object.span, message);
                let shown = shown(own);
                if let Some(place) = emitted.get(own) {
                    sink.push(
                        told(format!("the spec itself writes {shown}"))
                            .label(*place, "it comes from here")
                            .help("say it in the spec, or take it out of one of them"),
                    );
                } else if let Some(before) = written.insert(own, object.span) {
                    sink.push(
                        told(format!("{shown} is written twice"))
                            .here("here again")
                            .label(before, "first here")
                            .help("keep one of them"),
                    );
                }
            }
        }
    }
}

fn identity(object: &Value) -> Identity {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let api = text("/apiVersion").unwrap_or_default();
    Identity {
        group: api.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: text("/kind").unwrap_or_default().to_owned(),
        namespace: text("/metadata/namespace").map(str::to_owned),
        name: text("/metadata/name").unwrap_or_default().to_owned(),
    }
}

fn shown(identity: &Identity) -> String {
    let Identity {
        kind,
        namespace,
        name,
        ..
    } = identity;
    match namespace {
        Some(namespace) => format!("the {kind} `{name}` of namespace `{namespace}`"),
        None => format!("the {kind} `{name}`"),
    }
}

/// What of the mesh an object is about: what has its name, else its namespace, else the mesh.
pub(crate) fn place(mesh: &Mesh, namespace: Option<&str>, name: &str) -> Span {
    let namespace = namespace.unwrap_or(name);
    let of_namespace = mesh.namespaces.get(namespace).map(|namespace| namespace.span);
    let vms = || mesh.groups.iter().filter(|group| group.namespace == namespace);
    let named = mesh
        .service(namespace, name)
        .map(|service| service.span)
        .or_else(|| vms().find(|group| group.name == name).map(|group| group.span))
        .or_else(|| {
            let mut machines = vms().flat_map(|group| &group.vms);
            machines.find(|vm| vm.name == name).map(|vm| vm.span)
        });
    named.or(of_namespace).unwrap_or(mesh.span)
}
