//! What templates know: plain values under the names of the language.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_wire::cluster::Locality;
use serde_json::{Map, Value as Json, json};

use crate::model::{Group, Mesh, Namespace, Service, Vm};
use crate::syntax::Scalar;

/// Names and what they stand for, for either engine. Copies are cheap.
#[derive(Clone, Default)]
pub(super) struct Scope {
    plain: BTreeMap<&'static str, Arc<Json>>,
    pub(super) jinja: BTreeMap<&'static str, minijinja::Value>,
    pub(super) tera: tera::Context,
}

impl Scope {
    pub(super) fn put(&mut self, name: &'static str, value: Json) {
        self.jinja.insert(name, minijinja::value::Serde(&value).into());
        self.tera.insert(name, &value);
        self.plain.insert(name, Arc::new(value));
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.plain.get(name).map(Arc::as_ref)
    }
}

pub(super) fn params(values: &BTreeMap<String, Scalar>) -> Json {
    let plain = |scalar: &Scalar| match scalar {
        Scalar::Bool(value) => json!(value),
        Scalar::Integer(number) => {
            i64::try_from(*number).map_or_else(|_| json!(number.to_string()), Json::from)
        }
        other => json!(other.to_string()),
    };
    let all = values.iter().map(|(name, value)| (name.clone(), plain(value)));
    Json::Object(all.collect())
}

/// `name`, `trust_domain`, `istio_version`, and lists of `networks`, `clusters` and `namespaces`, which have `services`
/// and `groups`.
pub(super) fn mesh(mesh: &Mesh) -> Json {
    let networks = mesh
        .networks
        .values()
        .map(|network| json!({ "name": network.name, "cidrs": network.cidrs }));
    let clusters = mesh.clusters.values().map(|cluster| {
        let gateways = cluster.gateways.iter().map(
            |gateway| json!({ "name": gateway.name, "addresses": gateway.addresses, "port": gateway.port }),
        );
        json!({
            "name": cluster.name,
            "network": cluster.network,
            "gateways": gateways.collect::<Vec<_>>(),
        })
    });
    let namespaces = mesh.namespaces.values().map(|namespace| {
        let mut value = self::namespace(namespace);
        let services = mesh.services_in(&namespace.name).map(service).collect::<Vec<_>>();
        let groups = mesh.groups_in(&namespace.name).map(group).collect::<Vec<_>>();
        value["services"] = json!(services);
        value["groups"] = json!(groups);
        value
    });
    json!({
        "name": mesh.name,
        "trust_domain": mesh.trust_domain,
        "istio_version": mesh.istio_version,
        "networks": networks.collect::<Vec<_>>(),
        "clusters": clusters.collect::<Vec<_>>(),
        "namespaces": namespaces.collect::<Vec<_>>(),
    })
}

/// `name`, `labels`.
pub(super) fn namespace(namespace: &Namespace) -> Json {
    json!({ "name": namespace.name, "labels": namespace.labels })
}

/// `name`, `namespace`, `host`, `account`, `addresses`, and a list of `ports` with `name`, `number`, `target` and
/// `protocol`.
pub(super) fn service(service: &Service) -> Json {
    let ports = service.ports.iter().map(|port| {
        json!({
            "name": port.name,
            "number": port.number,
            "target": port.target,
            "protocol": port.protocol.as_str(),
        })
    });
    json!({
        "name": service.name,
        "namespace": service.namespace,
        "host": service.host,
        "account": service.account,
        "addresses": service.addresses,
        "ports": ports.collect::<Vec<_>>(),
    })
}

/// `name`, `namespace`, `network`, `cluster`, `account`, `services`, `labels`, `ports` by name, and a list of `vms`.
pub(super) fn group(group: &Group) -> Json {
    json!({
        "name": group.name,
        "namespace": group.namespace,
        "network": group.network,
        "cluster": group.cluster,
        "account": group.account,
        "services": group.services,
        "labels": group.labels,
        "ports": group.ports,
        "vms": group.vms.iter().map(|one| vm(group, one)).collect::<Vec<_>>(),
    })
}

/// `name`, `address`, `external`, `labels` with those of the group, `ssh`, and `locality` and `weight` where they are
/// said.
pub(super) fn vm(group: &Group, vm: &Vm) -> Json {
    let mut labels = group.labels.clone();
    labels.extend(vm.labels.clone());
    let mut ssh = Map::new();
    let mut say = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            ssh.insert(name.to_owned(), value);
        }
    };
    say("host", vm.ssh.host.as_ref().map(|host| json!(host)));
    say("user", vm.ssh.user.as_ref().map(|user| json!(user)));
    say("port", vm.ssh.port.map(|port| json!(port)));
    say("via", vm.ssh.via.as_ref().map(|via| json!(via)));
    let mut value = json!({
        "name": vm.name,
        "address": vm.address,
        "external": vm.external,
        "labels": labels,
        "ssh": ssh,
    });
    if let Some(place) = locality(&vm.locality) {
        value["locality"] = json!(place);
    }
    if let Some(weight) = vm.weight {
        value["weight"] = json!(weight);
    }
    value
}

fn locality(locality: &Locality) -> Option<String> {
    let parts = [&locality.region, &locality.zone, &locality.subzone];
    let said: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .take_while(|part| !part.is_empty())
        .collect();
    (!said.is_empty()).then(|| said.join("/"))
}
