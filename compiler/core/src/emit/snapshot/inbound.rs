use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::jwt::Jwt;
use mesh_wire::listener::{InboundListener, InboundProtocol};

use super::endpoint::target;
use super::{Viewer, jwt, name, policy};
use crate::emit::access::{self, AccessPolicy};
use crate::model::{Mesh, Port, Protocol, Service};

/// What stands before a workload, whatever the port.
struct Guard<'a> {
    policies: Vec<AccessPolicy<'a>>,
    jwt: Vec<Jwt>,
}

impl Guard<'_> {
    /// Only requests carry tokens.
    fn tokens(&self, protocol: InboundProtocol) -> Vec<Jwt> {
        if protocol == InboundProtocol::Tcp {
            Vec::new()
        } else {
            self.jwt.clone()
        }
    }
}

/// A port that the viewer's workload serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkloadPort<'a> {
    /// What the workload listens on.
    pub(super) number: u16,
    /// What is spoken there.
    pub(super) protocol: Protocol,
    /// The service that declares it.
    pub(super) service: &'a Service,
    /// As it declares it.
    pub(super) port: &'a Port,
}

/// The ports of the viewer's workload that its services declare, in order. Two ports may lead to one of the
/// workload: the first counts.
pub(super) fn ports<'a>(viewer: &Viewer<'a>) -> Vec<WorkloadPort<'a>> {
    let mut all = BTreeMap::new();
    for service in &viewer.services {
        for port in service.proxied_ports() {
            let number = viewer.group.map_or(port.target, |group| target(group, port));
            all.entry(number).or_insert(WorkloadPort {
                number,
                protocol: port.protocol,
                service,
                port,
            });
        }
    }
    all.into_values().collect()
}

/// What arrives at the workload: its declared ports, ports with a mode of mutual TLS of their own, and the rest.
pub(super) fn listeners(mesh: &Mesh, viewer: &Viewer<'_>) -> Vec<InboundListener> {
    let declared = ports(viewer);
    let numbers: BTreeSet<u16> = declared.iter().map(|port| port.number).collect();
    let guard = Guard {
        policies: access::selecting(mesh, viewer.namespace, &viewer.labels),
        jwt: jwt::of(mesh, viewer),
    };
    let mut all: Vec<_> = declared
        .iter()
        .map(|port| declared_port(mesh, viewer, &guard, *port))
        .collect();
    let modes = viewer
        .services
        .iter()
        .flat_map(|service| service.port_mtls.keys());
    let others: BTreeSet<u16> = modes.copied().filter(|port| !numbers.contains(port)).collect();
    all.extend(
        others
            .into_iter()
            .map(|port| catch_all(mesh, viewer, &guard, Some(port))),
    );
    all.push(catch_all(mesh, viewer, &guard, None));
    all
}

fn declared_port(
    mesh: &Mesh,
    viewer: &Viewer<'_>,
    guard: &Guard<'_>,
    port: WorkloadPort<'_>,
) -> InboundListener {
    let protocol = if port.protocol.is_http() {
        InboundProtocol::Http
    } else {
        InboundProtocol::Tcp
    };
    InboundListener {
        name: format!("0.0.0.0_{}", port.number),
        port: Some(port.number),
        protocol,
        mtls: viewer.mtls(mesh, Some(port.number)),
        cluster: name::inbound(port.number),
        client_source: viewer.sees_clients(),
        jwt: guard.tokens(protocol),
        authorizers: policy::asked(mesh, &guard.policies, protocol),
        policy: policy::of(mesh, &guard.policies, protocol),
        routes: None,
    }
}

/// Everything else that is captured: it goes to the port that was dialled (Istio's `virtualInbound` chains).
fn catch_all(mesh: &Mesh, viewer: &Viewer<'_>, guard: &Guard<'_>, port: Option<u16>) -> InboundListener {
    let protocol = InboundProtocol::Detect;
    InboundListener {
        name: port.map_or_else(
            || "virtualInbound".to_owned(),
            |port| format!("virtualInbound_{port}"),
        ),
        port,
        protocol,
        mtls: viewer.mtls(mesh, port),
        cluster: name::INBOUND_PASSTHROUGH.to_owned(),
        client_source: viewer.sees_clients(),
        jwt: guard.tokens(protocol),
        authorizers: policy::asked(mesh, &guard.policies, protocol),
        policy: policy::of(mesh, &guard.policies, protocol),
        routes: None,
    }
}
