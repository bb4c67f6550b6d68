use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::normal::full_host;

/// An object as several that say the same together: Istio makes a service of every host of a ServiceEntry, and routes
/// requests to each host of a VirtualService by itself (Istio `serviceentry/conversion.go`, `core/v1alpha3/route`).
pub(super) fn of(object: &Value) -> Cow<'_, [Value]> {
    let hosts = hosts(object);
    if hosts.len() < 2 {
        return Cow::Borrowed(std::slice::from_ref(object));
    }
    let one = |host: &String| {
        let mut one = object.clone();
        one["spec"]["hosts"] = json!([host]);
        one
    };
    hosts.iter().map(one).collect()
}

/// The hosts that stand for themselves, each once.
fn hosts(object: &Value) -> BTreeSet<String> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let is_set = |pointer: &str| object.pointer(pointer).is_some_and(|value| !value.is_null());
    let stands = text("/apiVersion").starts_with("networking.istio.io/")
        && match text("/kind") {
            "ServiceEntry" => true,
            "VirtualService" => {
                let gateways = object
                    .pointer("/spec/gateways")
                    .filter(|gateways| !gateways.is_null());
                let of_sidecars = gateways.is_none_or(|gateways| *gateways == json!(["mesh"]));
                of_sidecars && !is_set("/spec/tls") && !is_set("/spec/tcp")
            }
            _ => false,
        };
    let listed = object.pointer("/spec/hosts").and_then(Value::as_array);
    let all = listed.filter(|_| stands).into_iter().flatten();
    all.filter_map(Value::as_str)
        .map(|host| full_host(host, text("/metadata/namespace")))
        .collect()
}
