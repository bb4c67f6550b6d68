//! Where in the spec the parts of a snapshot come from.

use std::collections::BTreeMap;

use crate::diag::Span;
use crate::emit::access;
use crate::emit::snapshot::{Viewer, route_places};
use crate::model::{Action, Mesh, Service, StreamRoute};

/// The service that a host in a snapshot belongs to: its own, or one that its routes are for too.
pub(super) fn service_of<'a>(mesh: &'a Mesh, host: &str) -> Option<&'a Service> {
    let host = host.trim_end_matches('.');
    let own = mesh
        .services
        .iter()
        .find(|service| service.host.eq_ignore_ascii_case(host));
    own.or_else(|| {
        let takes = |service: &&Service| {
            let suffix = service.host.strip_prefix('*');
            suffix.is_some_and(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
        };
        mesh.services
            .iter()
            .filter(takes)
            .max_by_key(|service| service.host.len())
    })
}

/// The service, port and subset that a cluster is called by: `outbound|PORT|SUBSET|HOST`.
pub(super) fn parts_of(cluster: &str) -> Option<(u16, &str, &str)> {
    let mut parts = cluster.strip_prefix("outbound|")?.splitn(3, '|');
    Some((parts.next()?.parse().ok()?, parts.next()?, parts.next()?))
}

/// The places of the routes of a virtual host, which is called `HOST:PORT`.
pub(super) fn of_routes(mesh: &Mesh, viewer: &Viewer<'_>, virtual_host: &str) -> Vec<Span> {
    let Some((host, port)) = virtual_host.rsplit_once(':') else {
        return Vec::new();
    };
    let routed = |service: &&Service| service.routed_hosts().contains(&host);
    let service = service_of(mesh, host).or_else(|| mesh.services.iter().find(routed));
    match (service, port.parse()) {
        (Some(service), Ok(port)) => route_places(mesh, viewer, service, port),
        _ => Vec::new(),
    }
}

/// The route of a service for connections that leads to just these hosts and subsets.
pub(super) fn of_stream(service: &Service, port: u16, clusters: &[&str]) -> Option<Span> {
    let routes = service.routes.tls.iter().chain(&service.routes.tcp);
    let leads = |route: &&StreamRoute| {
        let to = route.to.iter().map(|to| {
            let target = &to.target;
            let subset = target.subset.as_deref().unwrap_or_default();
            format!(
                "outbound|{}|{subset}|{}",
                target.port.unwrap_or(port),
                target.host
            )
        });
        to.eq(clusters.iter().map(|cluster| (*cluster).to_owned()))
    };
    let mut routes = routes.filter(|route| route.port.is_none_or(|only| only == port));
    routes.find(leads).map(|route| route.span)
}

/// What is known of a policy in a snapshot beyond what it says itself.
#[derive(Clone, Debug)]
pub(super) struct PolicyPlace {
    /// Where its rule is written.
    pub(super) span: Span,
    /// The authorizer that it leaves the decision to.
    pub(super) asks: Option<String>,
}

/// The places of all policies that hold for a workload with `labels`, by their names in its snapshot.
pub(super) fn of_policies(
    mesh: &Mesh,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> BTreeMap<String, PolicyPlace> {
    let policies = access::selecting(mesh, namespace, labels);
    let places = policies.iter().flat_map(|policy| {
        let name = move |index| format!("ns[{}]-policy[{}]-rule[{index}]", policy.namespace, policy.name);
        let rules = policy.rules.iter().enumerate();
        rules.map(move |(index, rule)| {
            let span = rule.span;
            let asks = rule.authorizer.clone().filter(|_| policy.action == Action::Ask);
            (name(index), PolicyPlace { span, asks })
        })
    });
    places.collect()
}

/// Where the mode of mutual TLS of a workload is said: at its service, its namespace, or for the whole mesh.
pub(super) fn of_mtls(mesh: &Mesh, namespace: &str, services: &[&Service], port: u16) -> Span {
    let of_service = services
        .iter()
        .find(|service| service.port_mtls.contains_key(&port) || service.mtls.is_some());
    let of_namespace = mesh
        .namespaces
        .get(namespace)
        .filter(|found| found.mtls.is_some());
    of_service
        .map(|service| service.span)
        .or_else(|| of_namespace.map(|found| found.span))
        .unwrap_or(mesh.span)
}
