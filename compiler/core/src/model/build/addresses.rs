use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Kind, Mesh, Resolution, Service, allocate};

/// Gives a virtual address to everything that has a name and no address of its own.
pub(super) fn fill(mesh: &mut Mesh, sink: &mut Sink) {
    let given: BTreeSet<_> = mesh
        .services
        .iter()
        .flat_map(|service| service.addresses.iter().copied())
        .chain(
            mesh.clusters
                .values()
                .flat_map(|cluster| &cluster.gateways)
                .filter_map(|gateway| gateway.cluster_ip),
        )
        .collect();
    let keys: Vec<_> = mesh
        .services
        .iter()
        .filter(|service| wants(service))
        .map(key)
        .collect();
    let virtual_addresses = allocate(&mesh.dns.virtual_ips, &keys, &given);
    for service in mesh.services.iter_mut().filter(|service| wants(service)) {
        match virtual_addresses.get(&key(service)) {
            Some(addresses) => service.addresses.clone_from(addresses),
            None => sink.push(
                Diagnostic::new(
                    &code::VIP_COLLISION,
                    service.span,
                    "no virtual address is left for this service",
                )
                .help("widen `dns { virtual-ips … }`, or give the service an address of its own"),
            ),
        }
    }
}

/// Headless services lead to their workloads; wildcards and addresses that were dialled have none.
fn wants(service: &Service) -> bool {
    let has_name = match service.kind {
        Kind::Kubernetes { headless } => !headless,
        Kind::Egress | Kind::MeshInternal => true,
        Kind::External { resolution, .. } => resolution != Resolution::None,
    };
    has_name && !service.addresses_given && !service.host.starts_with("*.")
}

/// What Istio hashes (`serviceentry/auto_allocation.go`).
fn key(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.host)
}
