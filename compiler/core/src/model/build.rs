//! Declarations to mesh: names are looked up, defaults filled in. What leads nowhere becomes a diagnostic and is
//! left out, so that the rest can be checked. Nothing here depends on the order of declarations.

mod addresses;
mod callers;
mod external;
mod group;
mod lookup;
mod place;
mod policy;
mod ports;
mod service;
mod settings;

pub(crate) use callers::{Caller, resolve as resolve_caller};
pub(crate) use ports::names as port_names;

use self::lookup::Lookup;
use super::Mesh;
use crate::diag::{Sink, Span};
use crate::spec::decl::Spec;

/// The domain of Services in every cluster; Istio's and Kubernetes' default, whatever the trust domain.
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";

/// What `spec` means. `whole` is the place of the file.
pub fn build(spec: &Spec, whole: Span, sink: &mut Sink) -> Mesh {
    let lookup = Lookup::new(spec);
    let mut mesh = settings::mesh(spec, whole);
    mesh.networks = place::networks(spec);
    mesh.clusters = place::clusters(spec, &lookup, sink);
    mesh.namespaces = place::namespaces(spec);
    for namespace in &spec.namespaces {
        let services = namespace
            .services
            .iter()
            .map(|decl| service::service(decl, namespace, &lookup, sink));
        let mut services: Vec<_> = services.collect();
        services.extend(
            namespace
                .externals
                .iter()
                .map(|decl| external::service(decl, namespace)),
        );
        mesh.services.extend(services);
    }
    mesh.services
        .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    mesh.services
        .dedup_by(|a, b| a.namespace == b.namespace && a.name == b.name);
    addresses::fill(&mut mesh, sink);
    mesh
}
