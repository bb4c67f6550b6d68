use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::CLUSTER_DOMAIN;

/// Names of the mesh are answered by the mesh.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some(mesh) = &context.spec.mesh else { return };
    for forward in &mesh.dns.forward {
        let domain = forward.domain.value.to_lowercase();
        let below = |name: &str, domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
        if below(&domain, CLUSTER_DOMAIN) || below(CLUSTER_DOMAIN, &domain) {
            sink.push(
                Diagnostic::new(
                    &code::FORWARD_MESH,
                    forward.domain.span,
                    format!("names below `{domain}` are the mesh's own"),
                )
                .here("forwarded to other servers")
                .help(format!("forward a domain that is not `{CLUSTER_DOMAIN}`"))
                .note("meshd answers Services of Kubernetes itself, and VMs cannot reach the cluster's DNS"),
            );
        }
    }
}
