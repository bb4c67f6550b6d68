use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::spec::decl::VmsDecl;

/// What only Istio's own agent can do is asked of groups that have it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, _, vms) in context.spec.groups() {
        let envoy = vms.engine.as_ref().is_some_and(|engine| engine.value == "envoy");
        if !envoy {
            for (span, message, instead) in asked(vms) {
                sink.push(complaint(vms, span, message, instead));
            }
        }
    }
}

/// What meshd cannot do, and what to write instead.
fn asked(vms: &VmsDecl) -> Vec<(Span, &'static str, &'static str)> {
    let registration = vms.registration.as_ref().filter(|word| word.value == "auto");
    let health = vms.health.as_ref();
    let https = health
        .and_then(|health| health.scheme.as_ref())
        .filter(|scheme| scheme.value == "https");
    let host = health.and_then(|health| health.host.as_ref());
    let elastic = vms.elastic.as_ref();
    [
        elastic.map(|elastic| {
            let message = "meshd has no identity of its own to join with: machines that are started later cannot have it";
            (elastic.span, message, "the machines as `vm` nodes")
        }),
        registration.map(|word| {
            let message = "meshd does not register itself with istiod yet";
            (word.span, message, "`registration=entries`")
        }),
        https.map(|word| (word.span, "meshd asks over plain HTTP only", "`tcp=` or `exec=`")),
        host.map(|word| {
            let message = "meshd asks the application on its own machine only";
            (
                word.span,
                message,
                "`exec=` with a program that asks the other host",
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn complaint(vms: &VmsDecl, span: Span, message: &str, instead: &str) -> Diagnostic {
    let found = Diagnostic::new(&code::NEEDS_ENVOY, span, message)
        .help(format!("write {instead}, or `engine=envoy` in the `vms`"));
    match &vms.engine {
        Some(engine) => found.label(engine.span, "the engine of this group"),
        None => found.note("the engine of a group is meshd where it says nothing"),
    }
}
