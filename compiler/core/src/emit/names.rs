//! What the mesh calls its hosts (Istio `pkg/dns/server/name_table.go`).

use std::collections::BTreeMap;

use mesh_wire::snapshot::{FORMAT, NameEntry, NameTable};

use super::snapshot::{
    UnknownWorkload, Viewer, domain, gateway_services, headless_addresses, namespace_domain,
};
use crate::model::{Group, Kind, Mesh, Service, WorkloadRef};

/// The table for the VMs of a group.
pub fn of_group(mesh: &Mesh, group: &Group) -> NameTable {
    table(mesh, &Viewer::of_group(mesh, group))
}

/// The table for one workload: istiod would send it to a sidecar that answers queries itself.
///
/// # Errors
/// The workload is not in the mesh.
pub fn of(mesh: &Mesh, workload: &WorkloadRef) -> Result<NameTable, UnknownWorkload> {
    Ok(table(mesh, &Viewer::of(mesh, workload)?))
}

fn table(mesh: &Mesh, viewer: &Viewer<'_>) -> NameTable {
    let services = viewer
        .services(mesh)
        .filter_map(|service| entry(mesh, viewer, service));
    let mut hosts: BTreeMap<String, NameEntry> = services.collect();
    for gateway in gateway_services(mesh, viewer.cluster) {
        let entry = hosts.entry(gateway.host).or_insert(NameEntry {
            addresses: Vec::new(),
            kubernetes: true,
        });
        entry.addresses.push(gateway.address);
    }
    let forward = mesh
        .dns
        .forward
        .iter()
        .map(|zone| (zone.domain.clone(), zone.servers.clone()))
        .collect();
    NameTable {
        format: FORMAT,
        ttl: mesh.dns.ttl,
        search: search(mesh, viewer.namespace),
        hosts,
        forward,
        upstream: Vec::new(),
    }
}

/// A host without addresses is left out, so that the machine's own DNS is asked: istiod does so too.
fn entry(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service) -> Option<(String, NameEntry)> {
    let addresses = match service.kind {
        Kind::Kubernetes { headless: true } => headless_addresses(mesh, viewer, service),
        _ => viewer.dialable(&service.addresses),
    };
    let kubernetes = service.is_kubernetes();
    (!addresses.is_empty()).then(|| {
        (
            service.host.to_lowercase(),
            NameEntry {
                addresses,
                kubernetes,
            },
        )
    })
}

/// The domains that Kubernetes lets pods of `namespace` search.
pub fn search(mesh: &Mesh, namespace: &str) -> Vec<String> {
    let domain = domain(mesh);
    vec![
        namespace_domain(mesh, namespace),
        format!("svc.{domain}"),
        domain.to_owned(),
    ]
}
