//! What a VM with Istio's own sidecar package is given: the files that `istioctl x workload entry configure` would
//! write, below `out/vms/VM/istio/`. Placing them is up to whoever installs the package.

mod capture;
mod configure;
mod proxy_config;

use serde_json::{Value, json};

pub use configure::{Address, BadProxyConfig, Files, Surroundings, WorkloadGroup, configure};

use crate::emit::istio::{probe, proxy_config};
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{DnsCapture, Group, Mesh, Registration, Vm};

/// The files of one VM.
pub(super) fn files(mesh: &Mesh, group: &Group, vm: &Vm) -> Files {
    let address = if vm.external {
        Address::External(vm.address)
    } else {
        Address::Internal(vm.address)
    };
    let mut own = workload_group(group);
    own.labels.extend(vm.labels.clone());
    let around = surroundings(mesh, group, Some(address));
    configure(&own, &around).expect("the annotation is written here, as YAML")
}

pub(super) fn workload_group(group: &Group) -> WorkloadGroup {
    WorkloadGroup {
        name: group.name.clone(),
        namespace: group.namespace.clone(),
        proxy_configs: proxy_config(group).into_iter().collect(),
        labels: group.labels.clone(),
        ports: group.ports.clone(),
        account: group.account.clone(),
        network: group.network.clone(),
        probe: group.health.as_ref().map(probe),
        capture: capture::environment(group),
    }
}

pub(super) fn surroundings(mesh: &Mesh, group: &Group, address: Option<Address>) -> Surroundings {
    Surroundings {
        mesh_config: mesh_config(mesh),
        revision: mesh.revision.clone(),
        system_namespace: SYSTEM_NAMESPACE.to_owned(),
        cluster: group.cluster.clone(),
        address,
        gateway: mesh.way_to_istiod(group),
        auto_register: group.registration == Registration::Auto,
        dns_capture: mesh.dns.capture != DnsCapture::None,
    }
}

/// What Istio's chart writes with the values of `out/kubernetes/CLUSTER/istiod.values.yaml`, as far as machines read it.
fn mesh_config(mesh: &Mesh) -> Value {
    let istiod = configure::istiod_host(SYSTEM_NAMESPACE, mesh.revision.as_deref());
    json!({
        "trustDomain": mesh.trust_domain,
        "defaultConfig": {
            "discoveryAddress": format!("{istiod}:15012"),
            "meshId": mesh.name,
            "proxyMetadata": mesh.proxy_metadata,
        },
    })
}
