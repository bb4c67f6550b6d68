use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Service;

/// A service on others' machines finds them, and not the pods that have the same labels.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services() {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        for on in &decl.on {
            let host = context
                .mesh
                .services_in(&service.namespace)
                .filter(|other| other.name != service.name)
                .find(|other| {
                    other.groups.iter().any(|group| group.name == on.value) && reaches(service, other)
                });
            if let Some(host) = host {
                let message = format!("`{}` would select the pods of `{}` too", service.name, host.name);
                sink.push(
                    Diagnostic::new(&code::SELECTS_PODS, on.span, message)
                        .label(host.span, "these pods have the labels of the machines")
                        .help(
                            "give the machines a label that the pods do not have: `label role=vm` in the `vms`, and \
                             `selector role=vm` here",
                        ),
                );
            }
        }
    }
}

/// Everything that `service` selects by, the pods of `other` are known to have.
fn reaches(service: &Service, other: &Service) -> bool {
    let Some(pods) = other.pods.first() else {
        return false;
    };
    let has = |(key, value): (&String, &String)| pods.selector.get(key) == Some(value);
    service.pods.is_empty() && service.selector.iter().all(has)
}
