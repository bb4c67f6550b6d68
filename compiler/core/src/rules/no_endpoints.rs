use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Somebody answers behind every name.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services() {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        if decl.host.is_some() && decl.pods.is_empty() && service.groups.is_empty() && !decl.damaged {
            let message = format!("nobody serves `{}`", service.host);
            sink.push(
                Diagnostic::new(&code::NO_ENDPOINTS, decl.name.span, message)
                    .here("neither `pods` nor `vms`")
                    .help(
                        "write `pods` or `vms` in it; for a host outside the mesh, write `external` instead",
                    ),
            );
        }
    }
}
