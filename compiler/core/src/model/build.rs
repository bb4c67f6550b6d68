//! Declarations to mesh: names are looked up, defaults filled in. What leads nowhere becomes a diagnostic and is
//! left out, so that the rest can be checked. Nothing here depends on the order of declarations.

use std::sync::Arc;

mod access;
mod addresses;
mod authorizer;
mod beside;
mod callers;
mod capture;
mod egress;
mod expect;
mod external;
mod group;
mod lookup;
mod place;
mod ports;
mod raw;
mod route;
mod service;
mod settings;
mod telemetry;
mod traffic;

pub(crate) use callers::{Caller, resolve as resolve_caller};
pub(crate) use expect::one as expectation;
pub(crate) use group::{find as find_group, name as group_name, services_on as machine_services};
pub(crate) use place::egress_name;
pub(crate) use ports::{names as port_names, protocol as protocol_of};
pub(crate) use route::{Layer, demands as route_demands, layers as route_layers, ports as route_ports};
pub(crate) use service::is_guest;
pub(crate) use settings::ROOT_NAMESPACE;

use self::lookup::Lookup;
use super::{Group, Mesh, Service};
use crate::diag::{Sink, Span};
use crate::parallel;
use crate::spec::decl::{NamespaceDecl, Spec};

/// The domain of Services in every cluster; Istio's and Kubernetes' default, whatever the trust domain.
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";

/// What `spec` means. `whole` is the place of the file.
pub fn build(spec: &Spec, whole: Span, sink: &mut Sink) -> Mesh {
    let lookup = Lookup::new(spec, whole, !sink.is_empty());
    let mut mesh = settings::mesh(spec, whole);
    mesh.networks = place::networks(spec);
    mesh.clusters = place::clusters(spec, &lookup, whole, sink);
    mesh.namespaces = place::namespaces(spec, mesh.revision.as_deref());
    mesh.groups = groups(spec, &lookup, sink);
    let amount = spec.namespaces.iter().map(|namespace| namespace.services.len());
    let built = parallel::each(&spec.namespaces, amount.sum(), |namespace| {
        let mut own = sink.beside();
        (services(namespace, &mesh.groups, &lookup, &mut own), own)
    });
    for (services, own) in built {
        mesh.services.extend(services);
        sink.take(own);
    }
    egress::fill(&mut mesh, spec, &lookup, sink);
    mesh.services
        .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    mesh.services
        .dedup_by(|a, b| a.namespace == b.namespace && a.name == b.name);
    beside::fill(&mut mesh);
    mesh.raw = raw::files(spec, &lookup, sink);
    addresses::fill(&mut mesh, sink);
    telemetry::fill(&mut mesh, spec, sink);
    authorizer::fill(&mut mesh, spec, sink);
    mesh.expectations = expect::all(spec, &mesh, sink);
    mesh
}

fn services(
    namespace: &NamespaceDecl,
    groups: &[Arc<Group>],
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Vec<Service> {
    let own = namespace.services.iter();
    let mut services: Vec<_> = own
        .map(|decl| service::service(decl, namespace, groups, lookup, sink))
        .collect();
    let externals = namespace.externals.iter();
    services.extend(externals.map(|decl| external::service(decl, namespace, lookup, sink)));
    services
}

fn groups(spec: &Spec, lookup: &Lookup<'_>, sink: &mut Sink) -> Vec<Arc<Group>> {
    let all = spec.namespaces.iter().flat_map(|namespace| {
        let groups = namespace.groups();
        groups.map(move |(owner, decl)| (namespace, owner, decl))
    });
    let mut groups: Vec<_> = all
        .map(|(namespace, owner, decl)| Arc::new(group::group(decl, owner, namespace, lookup, sink)))
        .collect();
    groups.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    groups.dedup_by(|a, b| a.namespace == b.namespace && a.name == b.name);
    groups
}
