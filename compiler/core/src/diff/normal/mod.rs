//! One form of an object for all its spellings: defaults are left out, short names written in full, lists whose order
//! says nothing put in order, and what is said in an old way said in the new one. Two objects mean the same if their
//! normal forms are equal.

mod kubernetes;
mod routing;
mod security;
mod text;
mod traffic;
mod workload;

use serde_json::{Map, Value};

pub(super) use text::{short_host, tidy};

pub(super) use crate::manifest::full_host;

use text::sort;

use crate::manifest::{has_meaning, is_of_tools};

/// The normal form of `object`. The names of its API's version and of the cluster's own fields are gone.
pub(super) fn of(object: &Value) -> Value {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let namespace = text("/metadata/namespace");
    let group = text("/apiVersion")
        .rsplit_once('/')
        .map_or("", |(group, _)| group);
    let mut fields = object.as_object().cloned().unwrap_or_default();
    for ours_not in ["apiVersion", "kind", "status"] {
        fields.remove(ours_not);
    }
    let status = object.pointer("/status/addresses");
    let metadata = fields.remove("metadata").unwrap_or_default();
    let mut spec = fields.remove("spec").unwrap_or_default();
    let is_istio = group.ends_with(".istio.io");
    match (group, text("/kind")) {
        ("", "Service") => spec = kubernetes::service(&spec),
        ("", "ServiceAccount") => fields.clear(),
        ("", "Namespace") => spec = Value::Null,
        ("networking.istio.io", "VirtualService") => routing::virtual_service(&mut spec, namespace),
        ("networking.istio.io", "Gateway") => routing::gateway(&mut spec),
        ("networking.istio.io", "DestinationRule") => traffic::destination_rule(&mut spec, namespace),
        ("networking.istio.io", "ServiceEntry") => traffic::service_entry(&mut spec, namespace, status),
        ("networking.istio.io", "WorkloadEntry") => workload::entry(&mut spec, &metadata),
        ("networking.istio.io", "WorkloadGroup") => workload::group(&mut spec),
        ("security.istio.io", "AuthorizationPolicy") => security::authorization(&mut spec),
        ("security.istio.io", "PeerAuthentication") => security::peers(&mut spec),
        ("security.istio.io", "RequestAuthentication") => security::tokens(&mut spec),
        ("telemetry.istio.io", "Telemetry") => traffic::telemetry(&mut spec),
        _ => {}
    }
    if is_istio {
        tidy(&mut spec);
    }
    let mut normal = Map::new();
    if !spec.is_null() {
        normal.insert("spec".to_owned(), spec);
    }
    let keeps_all = matches!(
        (group, text("/kind")),
        ("", "Namespace") | ("networking.istio.io", "WorkloadGroup")
    );
    for part in ["labels", "annotations"] {
        let mut said = said(&metadata, part, keeps_all);
        if let Some(Value::String(names)) = said.get_mut(crate::emit::kubernetes::EXPORT_TO) {
            *names = kubernetes::export_to(names, namespace);
        }
        if !said.is_empty() {
            normal.insert(part.to_owned(), Value::Object(said));
        }
    }
    normal.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    Value::Object(normal)
}

/// The labels or annotations that say something: to Istio, to Kubernetes, or, of `all` of them, to whoever selects by
/// them.
fn said(metadata: &Value, part: &str, all: bool) -> Map<String, Value> {
    let none = Map::new();
    let there = metadata.get(part).and_then(Value::as_object).unwrap_or(&none);
    let said =
        |(key, _): &(&String, &Value)| (all && part == "labels" && !is_of_tools(key)) || has_meaning(key);
    there
        .iter()
        .filter(said)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The entries of the list `key`, normal each, and in order.
fn set(value: &mut Value, key: &str, mut each: impl FnMut(&mut Value)) {
    if let Some(items) = value.get_mut(key).and_then(Value::as_array_mut) {
        items.iter_mut().for_each(&mut each);
        sort(items);
    }
}

/// The entries of the list `key`, normal each; their order has meaning.
fn list(value: &mut Value, key: &str, each: impl FnMut(&mut Value)) {
    if let Some(items) = value.get_mut(key).and_then(Value::as_array_mut) {
        items.iter_mut().for_each(each);
    }
}

/// What lies below `key`, if anything does.
fn below(value: &mut Value, key: &str, each: impl FnOnce(&mut Value)) {
    if let Some(inner) = value.get_mut(key).filter(|inner| !inner.is_null()) {
        each(inner);
    }
}

/// Takes `key` out where it only says what holds anyway.
fn without_default(value: &mut Value, key: &str, default: &Value) {
    if value.get(key) == Some(default) {
        remove(value, key);
    }
}

fn remove(value: &mut Value, key: &str) -> Option<Value> {
    value.as_object_mut().and_then(|fields| fields.remove(key))
}
