//! What a data plane has to know, in the form that istiod would send it.
//!
//! A snapshot is made for a [`Viewer`]: where it stands in the mesh decides which endpoints it reaches itself
//! and which through a gateway, and how short the names are that it may use. Clusters with their endpoints, which are
//! most of it, are built once for all groups of a network ([`clusters`]), what else the VMs of one group see alike once
//! for the group ([`shared`]); what is left to a VM ([`own`]) is who it is.

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
mod telemetry;
mod topology;
mod traffic;
mod transport;
mod view;
mod viewer;

use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::listener::Detection;
use mesh_wire::snapshot::{Identity, IdentitySource};
use mesh_wire::{Millis, Snapshot};

use crate::diag::Span;
use crate::model::{Group, Mesh, Sender, Service, Vm, WorkloadRef};

pub(crate) use endpoint::target;
pub(crate) use gateway_service::{SYSTEM_NAMESPACE, all as gateway_services};
pub(crate) use headless::headless_addresses;
pub(crate) use name::{domain, namespace_domain};
pub(crate) use node::with_canonical_names as canonical_names;
pub use node::{CRL, IDENTITY_FOLDER};
pub(crate) use view::View;
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
/// The name of the file with the clusters that groups share.
pub const CLUSTERS_FILE: &str = "clusters.json";

/// istiod waits for ever for the first bytes (`protocolDetectionTimeout`).
const DETECTION: Detection = Detection {
    timeout: Millis(0),
    continue_on_timeout: true,
};

/// The places in the spec of the routes that a workload is given for requests to `port` of `service`, in their order;
/// none where nothing but the default route stands.
pub(crate) fn route_places(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service, port: u16) -> Vec<Span> {
    let routes = route::with_places(mesh, viewer, service, port).into_iter();
    routes.map(|(span, _)| span).collect()
}

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

/// The part that all VMs of a group share, without the clusters that they share with other groups.
pub fn shared(mesh: &Mesh, group: &Group) -> Snapshot {
    part(mesh, &Viewer::of_group(mesh, group))
}

/// The clusters that all groups with the same view share.
pub fn clusters(mesh: &Mesh, group: &Group) -> Snapshot {
    Snapshot {
        format: mesh_wire::snapshot::FORMAT,
        clusters: cluster::outbound(mesh, &Viewer::of_group(mesh, group), &Options::default()),
        ..Snapshot::default()
    }
}

/// The part that is one VM's own. Where labels of its own make it another sender to some route than its group is, it
/// has the routes that differ too.
pub fn own(mesh: &Mesh, group: &Group, vm: &Vm) -> Snapshot {
    let viewer = Viewer::of_vm(mesh, group, vm);
    let mut own = Snapshot {
        format: mesh_wire::snapshot::FORMAT,
        include: [SHARED_FILE, CLUSTERS_FILE].map(str::to_owned).to_vec(),
        node: Some(viewer.node(mesh)),
        ..Snapshot::default()
    };
    let mut senders = mesh.services.iter().flat_map(|service| service.routes.senders());
    let is = |sender: &Sender, labels| sender.is(&group.namespace, labels);
    if !senders.any(|sender| is(sender, &viewer.labels) != is(sender, &group.labels)) {
        return own;
    }
    // What is dialled is the group's affair: only the routes are looked at with other labels.
    let of_group = Viewer::of_group(mesh, group);
    let viewer = Viewer {
        labels: viewer.labels,
        ..of_group.clone()
    };
    let tables = route::tables(mesh, &of_group);
    own.routes = route::tables(mesh, &viewer);
    own.routes.retain(|name, table| tables.get(name) != Some(table));
    let listeners = outbound::listeners(mesh, &of_group);
    own.outbound = outbound::listeners(mesh, &viewer);
    own.outbound.retain(|listener| !listeners.contains(listener));
    let known = cluster::names(mesh, &viewer);
    cluster::close(&mut own, &known);
    own
}

/// Who a VM is, where lists of revoked certificates lie beside its own.
pub fn identity_with_crl(mesh: &Mesh, group: &Group, vm: &Vm) -> Identity {
    let mut identity = Viewer::of_vm(mesh, group, vm).identity(mesh);
    let IdentitySource::Files { crl, .. } = &mut identity.source;
    *crl = Some(format!("{IDENTITY_FOLDER}/{CRL}"));
    identity
}

fn whole(mesh: &Mesh, viewer: &Viewer<'_>, options: &Options) -> Snapshot {
    let mut snapshot = part(mesh, viewer);
    snapshot.clusters.extend(cluster::outbound(mesh, viewer, options));
    snapshot
}

/// All but the outbound clusters.
fn part(mesh: &Mesh, viewer: &Viewer<'_>) -> Snapshot {
    let mut snapshot = Snapshot {
        format: mesh_wire::snapshot::FORMAT,
        identity: Some(viewer.identity(mesh)),
        inbound: inbound::listeners(mesh, viewer),
        outbound: outbound::listeners(mesh, viewer),
        outbound_default: Some(outbound::default_cluster(mesh).to_owned()),
        detection: Some(DETECTION),
        routes: route::tables(mesh, viewer),
        clusters: cluster::inbound(viewer),
        telemetry: Some(telemetry::of(mesh, viewer)),
        ..Snapshot::default()
    };
    let known = cluster::names(mesh, viewer);
    cluster::close(&mut snapshot, &known);
    telemetry::keep_reachable(&mut snapshot, &known);
    snapshot
}
