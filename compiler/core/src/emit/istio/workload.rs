use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{NETWORKING, text};
use crate::emit::document::{Object, said, without_empty, yaml_text};
use crate::model::{Asked, Group, Health, Vm};

/// With this label, peers speak mutual TLS to the workload.
const TLS_MODE: &str = "security.istio.io/tlsMode";

/// Settings of the proxies of a workload.
const PROXY_CONFIG: &str = "proxy.istio.io/config";

/// The group: what its VMs have in common, and how their health is asked.
pub(super) fn group(group: &Group) -> Value {
    let object = object("WorkloadGroup", group, &group.name);
    object.spec(json!({
        "metadata": { "labels": group.labels, "annotations": annotations(group) },
        "template": {
            "serviceAccount": group.account,
            "network": said(&group.network),
            "ports": group.ports,
            "locality": text::locality(&group.locality),
            "weight": group.weight,
        },
        "probe": group.health.as_ref().map(probe),
    }))
}

/// One VM. It is written here, not registered by itself, since meshd does not speak to istiod.
pub(super) fn entry(group: &Group, vm: &Vm) -> Value {
    let mut labels = group.labels.clone();
    labels.extend(vm.labels.clone());
    labels
        .entry(TLS_MODE.to_owned())
        .or_insert_with(|| "istio".to_owned());
    let object = object("WorkloadEntry", group, &vm.name);
    object.spec(json!({
        "address": vm.address,
        "labels": labels,
        "serviceAccount": group.account,
        "network": said(&group.network),
        "locality": text::locality(&vm.locality),
        "weight": vm.weight,
        "ports": group.ports,
    }))
}

fn object<'a>(kind: &'a str, group: &'a Group, name: &'a str) -> Object<'a> {
    Object {
        api: NETWORKING,
        kind,
        namespace: Some(&group.namespace),
        name,
    }
}

/// The group's annotations, and the variables of its agents as Istio reads them from one.
fn annotations(group: &Group) -> BTreeMap<String, String> {
    let mut all = group.annotations.clone();
    if let Some(config) = proxy_config(group) {
        all.insert(PROXY_CONFIG.to_owned(), config);
    }
    all
}

/// What a group's agents are told beside the mesh's defaults (`proxy.istio.io/config`).
pub(crate) fn proxy_config(group: &Group) -> Option<String> {
    let metadata = &group.proxy_metadata;
    (!metadata.is_empty()).then(|| yaml_text([&json!({ "proxyMetadata": metadata })]))
}

/// A probe as Istio and Kubernetes write it; what is not said is left to their defaults.
pub(crate) fn probe(health: &Health) -> Value {
    let (name, asked) = match &health.asked {
        Asked::Http {
            port,
            path,
            https,
            host,
            headers,
        } => {
            let header = |(name, value)| json!({ "name": name, "value": value });
            let headers: Vec<_> = headers.iter().map(header).collect();
            let asked = json!({
                "host": host,
                "httpHeaders": headers,
                "path": path,
                "port": port,
                "scheme": https.then_some("HTTPS"),
            });
            ("httpGet", asked)
        }
        Asked::Tcp { port } => ("tcpSocket", json!({ "port": port })),
        Asked::Exec { command } => ("exec", json!({ "command": command })),
    };
    let mut spec = Map::from_iter([(name.to_owned(), asked)]);
    let times = [
        ("initialDelaySeconds", health.delay),
        ("periodSeconds", health.period),
        ("timeoutSeconds", health.timeout),
        ("failureThreshold", health.failures),
        ("successThreshold", health.successes),
    ];
    for (key, value) in times {
        spec.insert(key.to_owned(), json!(value));
    }
    without_empty(Value::Object(spec))
}
