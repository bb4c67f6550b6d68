use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Viewer;
use crate::model::{Mesh, Service};

/// The addresses behind a headless service that `viewer` can dial: those of VMs that it reaches itself. Of pods
/// the spec knows none.
pub(crate) fn headless_addresses(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service) -> Vec<IpAddr> {
    let direct = |network: &str| {
        viewer.is_in(network)
            || mesh
                .gateways_of(network)
                .all(|gateway| gateway.addresses.is_empty())
    };
    let groups = service.groups.iter().filter(|group| direct(&group.network));
    let all: BTreeSet<IpAddr> = groups.flat_map(|group| &group.vms).map(|vm| vm.address).collect();
    viewer.dialable(&all.into_iter().collect::<Vec<_>>())
}
