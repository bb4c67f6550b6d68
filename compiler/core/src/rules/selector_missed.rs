use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::{Service, find_group, machine_services};
use crate::spec::decl::{Labels, ServiceDecl};

/// Labels of machines do not contradict the selector of their service.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, owner, vms) in context.spec.groups() {
        for decl in machine_services(namespace, owner, vms) {
            let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
                continue;
            };
            look(&vms.labels, decl, service, sink);
            vms.vms
                .iter()
                .for_each(|vm| look(&vm.labels, decl, service, sink));
        }
    }
    for (namespace, decl) in context.spec.services() {
        let guests = decl
            .on
            .iter()
            .filter_map(|on| Some((on, find_group(namespace, &on.value)?)));
        for (on, (owner, _)) in guests {
            guest(context, (&namespace.name.value, decl), on, owner, sink);
        }
    }
}

/// A service on others' machines selects by labels that these have.
fn guest(
    context: Context<'_>,
    (namespace, decl): (&str, &ServiceDecl),
    on: &Spanned<String>,
    owner: Option<&ServiceDecl>,
    sink: &mut Sink,
) {
    let group = context
        .mesh
        .groups_in(namespace)
        .find(|group| group.name == on.value);
    let (Some(service), Some(group)) = (context.mesh.service(namespace, &decl.name.value), group) else {
        return;
    };
    let missed = |(key, value): &(&String, &String)| group.labels.get(*key) != Some(value);
    let said = service.selector.is_empty().then(|| "has no selector".to_owned());
    let missing = service.selector.iter().find(missed);
    let missing = missing.map(|(key, value)| format!("selects {key}={value}"));
    let Some(what) = missing.or(said) else { return };
    let message = format!(
        "`{}` {what}, and the machines of `{}` are not labelled so",
        decl.name.value, on.value
    );
    let mut found =
        Diagnostic::new(&code::SELECTOR_MISSED, on.span, message).label(group.span, "these machines");
    if let Some(owner) = owner {
        found = found.label(owner.name.span, "they are labelled as this service selects");
    }
    sink.push(found.help(
        "write `label role=…` in the `vms` and `selector role=…` in the service: they get it beside their other labels",
    ));
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
