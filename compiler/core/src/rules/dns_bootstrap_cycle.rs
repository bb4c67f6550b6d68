use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// The way into a cluster is known before the names of the mesh are: what machines dial is no such name itself.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let gateways = context.spec.clusters.iter().flat_map(|cluster| &cluster.gateways);
    for address in gateways.flat_map(|gateway| &gateway.addresses) {
        if is_of_mesh(&address.value, context) {
            sink.push(found(address));
        }
    }
}

/// A host of a service inside, or a name of Kubernetes.
fn is_of_mesh(name: &str, context: Context<'_>) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let inside =
        |service: &&crate::model::Service| !matches!(service.kind, crate::model::Kind::External { .. });
    let host = context
        .mesh
        .services
        .iter()
        .filter(inside)
        .any(|service| service.host == name);
    host || name.ends_with(".svc") || name.ends_with(".svc.cluster.local")
}

fn found(address: &Spanned<String>) -> Diagnostic {
    let message = format!(
        "`{}` is a name of the mesh, and the gateway is the way to it",
        address.value
    );
    Diagnostic::new(&code::BOOTSTRAP_CYCLE, address.span, message)
        .here("machines cannot look this up")
        .help("write the address that the gateway has outside, such as that of its load balancer")
}
