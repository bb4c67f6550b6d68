//! Objects of Istio, in its stable API versions.

mod authorization_policy;
pub(super) mod authorizer;
mod destination_rule;
mod egress;
mod gateway;
mod peer_authentication;
mod request_authentication;
mod service_entry;
pub(super) mod telemetry;
pub(super) mod text;
mod virtual_service;
mod workload;

use serde_json::Value;

pub(crate) use authorization_policy::sources;

use crate::model::{Cluster, Mesh, Registration};

pub(crate) use text::NOBODY;
pub(crate) use workload::{probe, proxy_config};

const NETWORKING: &str = "networking.istio.io/v1";
const SECURITY: &str = "security.istio.io/v1";

/// What holds for the whole mesh, and the gateways of `cluster`.
pub(super) fn system_objects(mesh: &Mesh, cluster: &Cluster) -> Vec<Value> {
    let mut objects = vec![peer_authentication::of_mesh(mesh)];
    objects.extend(request_authentication::of_mesh(mesh));
    objects.extend(authorization_policy::of_mesh(mesh));
    objects.extend(telemetry::of_mesh(mesh));
    objects.extend(gateway::objects(mesh, cluster));
    objects.extend(egress::rules(mesh));
    objects
}

/// What holds for the services of `namespace`.
pub(super) fn namespace_objects(mesh: &Mesh, namespace: &str) -> Vec<Value> {
    let mut objects: Vec<Value> = peer_authentication::of_namespace(mesh, namespace)
        .into_iter()
        .collect();
    objects.extend(telemetry::of_namespace(mesh, namespace));
    objects.extend(request_authentication::of_namespace(mesh, namespace));
    objects.extend(authorization_policy::of_namespace(mesh, namespace));
    for service in mesh.services_in(namespace) {
        objects.extend(service_entry::object(service));
        objects.extend(destination_rule::object(service));
        objects.extend(virtual_service::object(service));
        objects.extend(egress::gateway(service));
        objects.extend(peer_authentication::of_service(service));
        objects.extend(telemetry::of_service(mesh, service));
        objects.extend(request_authentication::of_service(service));
        objects.extend(authorization_policy::of_service(mesh, service));
    }
    objects
}

/// The VMs of `namespace` that belong to `cluster`. Every istiod reads the entries of all clusters (Istio
/// `PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY`): one that is in two clusters would count twice.
pub(super) fn machine_objects(mesh: &Mesh, cluster: &Cluster, namespace: &str) -> Vec<Value> {
    let groups = || {
        mesh.groups_in(namespace)
            .filter(|group| group.cluster == cluster.name)
    };
    let written = groups().filter(|group| group.registration == Registration::Entries);
    let entries = written.flat_map(|group| group.vms.iter().map(|vm| workload::entry(group, vm)));
    groups().map(workload::group).chain(entries).collect()
}
