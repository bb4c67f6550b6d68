use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Service;
use crate::spec::decl::{Labels, ServiceDecl};

/// Labels of machines do not contradict the selector of their service.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services() {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        for vms in &decl.vms {
            look(&vms.labels, decl, service, sink);
            vms.vms
                .iter()
                .for_each(|vm| look(&vm.labels, decl, service, sink));
        }
    }
}

fn look(labels: &Labels, decl: &ServiceDecl, service: &Service, sink: &mut Sink) {
    for (key, value) in labels {
        let Some(wanted) = service
            .selector
            .get(&key.value)
            .filter(|wanted| **wanted != value.value)
        else {
            continue;
        };
        let selector = decl
            .selector
            .iter()
            .flatten()
            .find(|(own, _)| own.value == key.value);
        let place = selector.map_or(decl.name.span, |(_, value)| value.span);
        let message = format!(
            "labelled {}={}, the machine is not in its own service",
            key.value, value.value
        );
        sink.push(
            Diagnostic::new(&code::SELECTOR_MISSED, value.span, message)
                .label(place, format!("the service selects {}={wanted}", key.value))
                .help(format!(
                    "leave the label out: machines get {}={wanted} from the service",
                    key.value
                )),
        );
    }
}
