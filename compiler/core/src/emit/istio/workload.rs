use mesh_wire::bundle::{Probe, ProbeAction};
use serde_json::{Value, json};

use super::{NETWORKING, text};
use crate::emit::document::Object;
use crate::model::{Group, Vm};

/// With this label, peers speak mutual TLS to the workload.
const TLS_MODE: &str = "security.istio.io/tlsMode";

/// The group: what its VMs have in common, and how their health is asked.
pub(super) fn group(group: &Group) -> Value {
    let object = object("WorkloadGroup", group, &group.name);
    object.spec(json!({
        "metadata": { "labels": group.labels },
        "template": {
            "serviceAccount": group.account,
            "network": group.network,
            "ports": group.ports,
        },
        "probe": group.probe.as_ref().map(probe),
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
        "network": group.network,
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

fn probe(probe: &Probe) -> Value {
    let mut spec = json!({
        "initialDelaySeconds": (probe.initial_delay > 0).then_some(probe.initial_delay),
        "periodSeconds": probe.period,
        "timeoutSeconds": probe.timeout,
        "failureThreshold": probe.failures,
        "successThreshold": probe.successes,
    });
    match &probe.action {
        ProbeAction::Http { port, path, headers } => {
            let header = |(name, value)| json!({ "name": name, "value": value });
            let headers: Vec<_> = headers.iter().map(header).collect();
            spec["httpGet"] = json!({ "port": port, "path": path, "httpHeaders": headers });
        }
        ProbeAction::Tcp { port } => spec["tcpSocket"] = json!({ "port": port }),
        ProbeAction::Exec { command } => spec["exec"] = json!({ "command": command }),
    }
    spec
}
