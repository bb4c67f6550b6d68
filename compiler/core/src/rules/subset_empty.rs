use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Service;
use crate::spec::decl::SubsetDecl;

/// A subset selects somebody. Labels of pods are the Deployment's: where there are pods, they may be it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services() {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        for subset in &decl.subsets {
            let damaged = decl.damaged || decl.vms.iter().any(|vms| vms.damaged);
            look(subset, service, damaged, sink);
        }
    }
}

fn look(subset: &SubsetDecl, service: &Service, damaged: bool, sink: &mut Sink) {
    if subset.labels.is_empty() && !damaged {
        let message = format!("subset `{}` does not say what it selects", subset.name.value);
        sink.push(
            Diagnostic::new(&code::MISSING, subset.span, message)
                .help(format!("write `subset {} version=…`", subset.name.value)),
        );
        return;
    }
    let fits = |key: &str, value: &str| {
        service.groups.iter().any(|group| {
            let of_group = group.labels.get(key).is_some_and(|own| own == value);
            of_group
                || group
                    .vms
                    .iter()
                    .any(|vm| vm.labels.get(key).is_some_and(|own| own == value))
        })
    };
    if !service.pods.is_empty() || service.groups.is_empty() || damaged {
        return;
    }
    let missing = subset
        .labels
        .iter()
        .find(|(key, value)| !fits(&key.value, &value.value));
    let Some((key, value)) = missing else { return };
    let (key, wanted) = (&key.value, &value.value);
    let mut found = Diagnostic::new(
        &code::SUBSET_EMPTY,
        value.span,
        format!(
            "subset `{}` selects no machine: none is labelled {key}={wanted}",
            subset.name.value
        ),
    )
    .note("requests to an empty subset are answered with 503");
    for group in &service.groups {
        let own = group
            .labels
            .get(key)
            .map_or_else(|| format!("no label `{key}`"), |own| format!("{key}={own}"));
        found = found.label(group.span, own);
    }
    sink.push(found.help(format!(
        "write `label {key}={wanted}` in the machines' `vms` or `vm`"
    )));
}
