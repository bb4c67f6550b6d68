//! What a data plane has to know, in the form that istiod would send it.
//!
//! A snapshot is made for a [`Viewer`]: where it stands in the mesh decides which endpoints it reaches itself
//! and which through a gateway, and how short the names are that it may use. VMs of one group see the same, so
//! that part is built once ([`shared`]); what is left to a VM ([`own`]) is who it is.

mod cluster;
mod endpoint;
mod external;
mod gateway_service;
mod headless;
mod inbound;
mod jwt;
mod name;
mod node;
mod outbound;
mod policy;
mod route;
mod stream;
mod topology;
mod traffic;
mod transport;
mod viewer;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::slice;

use mesh_wire::listener::Detection;
use mesh_wire::{Millis, Snapshot};

use crate::model::{Group, Mesh, Vm, WorkloadRef};

pub(crate) use endpoint::target;
pub(crate) use gateway_service::{SYSTEM_NAMESPACE, all as gateway_services};
pub(crate) use headless::headless_addresses;
pub(crate) use name::{domain, namespace_domain};
pub use node::IDENTITY_FOLDER;
pub(crate) use node::with_canonical_names as canonical_names;
pub use viewer::{UnknownWorkload, Viewer};

/// What the spec cannot know.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Addresses of pods by the host of their service. Pods without one are reached through their cluster's
    /// gateway, or by the address that the client dialled.
    pub pod_endpoints: BTreeMap<String, Vec<IpAddr>>,
}

/// The name of the file with the part that a group shares; it lies beside the VM's own.
pub const SHARED_FILE: &str = "mesh.json";

/// istiod waits for ever for the first bytes (`protocolDetectionTimeout`).
const DETECTION: Detection = Detection {
    timeout: Millis(0),
    continue_on_timeout: true,
};

/// The whole snapshot of one workload.
///
/// # Errors
/// The workload is not in the mesh.
pub fn of(mesh: &Mesh, workload: &WorkloadRef, options: &Options) -> Result<Snapshot, UnknownWorkload> {
    let viewer = Viewer::of(mesh, workload)?;
    let mut snapshot = whole(mesh, &viewer, options);
    snapshot.node = Some(viewer.node(mesh));
    Ok(snapshot)
}

/// The part that all VMs of a group share.
pub fn shared(mesh: &Mesh, group: &Group) -> Snapshot {
    whole(mesh, &Viewer::of_group(mesh, group), &Options::default())
}

/// The part that is one VM's own. Where labels of its own make it another sender to some route than its group is, it
/// has the routes that differ too.
pub fn own(mesh: &Mesh, group: &Group, vm: &Vm) -> Snapshot {
    let viewer = Viewer::of_vm(mesh, group, vm);
    let mut own = Snapshot {
        format: mesh_wire::snapshot::FORMAT,
        include: vec![SHARED_FILE.to_owned()],
        node: Some(viewer.node(mesh)),
        ..Snapshot::default()
    };
    if vm.labels.is_empty() {
        return own;
    }
    let of_group = Viewer::of_group(mesh, group);
    let mut senders = mesh.services.iter().flat_map(|service| service.routes.senders());
    if senders.any(|sender| {
        viewer.is_one_of(slice::from_ref(sender)) != of_group.is_one_of(slice::from_ref(sender))
    }) {
        // What is dialled is the group's affair: only the routes are looked at with other labels.
        let viewer = Viewer {
            labels: viewer.labels,
            ..of_group.clone()
        };
        let shared = whole(mesh, &of_group, &Options::default());
        own.routes = route::tables(mesh, &viewer);
        own.routes
            .retain(|name, table| shared.routes.get(name) != Some(table));
        own.outbound = outbound::listeners(mesh, &viewer);
        own.outbound
            .retain(|listener| !shared.outbound.contains(listener));
        cluster::close(&mut own, &shared.clusters);
    }
    own
}

fn whole(mesh: &Mesh, viewer: &Viewer<'_>, options: &Options) -> Snapshot {
    let mut snapshot = Snapshot {
        format: mesh_wire::snapshot::FORMAT,
        identity: Some(viewer.identity(mesh)),
        inbound: inbound::listeners(mesh, viewer),
        outbound: outbound::listeners(mesh, viewer),
        outbound_default: Some(outbound::default_cluster(mesh).to_owned()),
        detection: Some(DETECTION),
        routes: route::tables(mesh, viewer),
        clusters: cluster::clusters(mesh, viewer, options),
        telemetry: Some(node::telemetry(mesh)),
        ..Snapshot::default()
    };
    cluster::close(&mut snapshot, &BTreeMap::new());
    snapshot
}
