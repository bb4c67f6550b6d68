//! Who may call whom.

use std::net::SocketAddr;

use mesh_wire::Snapshot;
use mesh_wire::policy::Action;

use super::nodes::Found;
use super::{Edge, Graph, NodeKind};
use crate::emit::snapshot;
use crate::model::{Mesh, Service};
use crate::query::wire::policy::{Attempt, May, may};

/// Takes the nodes in, and finds the edges between them.
pub(super) fn fill(mesh: &Mesh, graph: &mut Graph, found: Vec<Found<'_>>) {
    let callers: Vec<usize> = (0..found.len())
        .filter(|at| found[*at].identity.is_some())
        .collect();
    let mut open = Vec::new();
    for to in (0..found.len()).filter(|at| !found[*at].services.is_empty()) {
        let callee = &found[to];
        let told = callee
            .workload
            .as_ref()
            .and_then(|workload| snapshot::of(mesh, workload, &snapshot::Options::default()).ok());
        let of = |from: &usize| {
            let caller = &found[*from];
            (*from, allowed(mesh, caller, callee, told.as_ref()))
        };
        let others = callers
            .iter()
            .filter(|from| **from != to && !same(&found[**from], callee));
        let reach: Vec<(usize, May)> = others.map(of).collect();
        let all = reach.iter().all(|(_, may)| *may == May::Everything);
        if all && !told.as_ref().is_some_and(closes) {
            open.push(to);
            continue;
        }
        for (from, may) in reach.into_iter().filter(|(_, may)| *may != May::Nothing) {
            graph.edges.push(Edge {
                from,
                to,
                partly: may == May::Something,
                gateway: through_gateway(graph, &found[from], callee),
            });
        }
    }
    graph.nodes = found.into_iter().map(|found| found.node).collect();
    for to in open {
        graph.nodes[to].open = true;
    }
    graph.edges.sort();
}

/// Two places of one service do not call each other.
fn same(one: &Found<'_>, other: &Found<'_>) -> bool {
    !one.services.is_empty()
        && one.services.iter().any(|service| {
            let key = |service: &Service| (service.namespace.clone(), service.name.clone());
            other.services.iter().any(|other| key(service) == key(other))
        })
}

fn through_gateway(graph: &Graph, caller: &Found<'_>, callee: &Found<'_>) -> bool {
    let lane = &graph.lanes[callee.node.lane];
    caller.node.lane != callee.node.lane && !lane.gateways.is_empty()
}

/// Whoever is not let in is refused at some port.
fn closes(told: &Snapshot) -> bool {
    let mut policies = told
        .inbound
        .iter()
        .flat_map(|listener| listener.policy.policies.values());
    policies.any(|policy| policy.action == Action::Allow && !policy.dry_run)
}

/// How much a caller may do at some port of a workload.
fn allowed(mesh: &Mesh, caller: &Found<'_>, callee: &Found<'_>, told: Option<&Snapshot>) -> May {
    let Some((namespace, account)) = caller.identity else {
        return May::Nothing;
    };
    let visible = callee
        .services
        .iter()
        .any(|service| service.is_visible_in(namespace));
    if !visible {
        return May::Nothing;
    }
    // Nothing stands before what lies outside, or before pods without a sidecar.
    let Some(told) = told.filter(|_| callee.node.kind != NodeKind::External) else {
        return May::Everything;
    };
    let peer = mesh.spiffe(namespace, account);
    let declared = told
        .inbound
        .iter()
        .filter_map(|listener| Some((listener.port?, listener)));
    let at = |(port, listener): (u16, &mesh_wire::listener::InboundListener)| {
        let attempt = Attempt {
            destination: SocketAddr::new(callee.address, port),
            remote: caller.address,
            client: caller.address,
            peer: Some(&peer),
            sni: None,
            request: None,
            claims: None,
        };
        may(&listener.policy, &attempt)
    };
    declared.map(at).max().unwrap_or(May::Everything)
}
