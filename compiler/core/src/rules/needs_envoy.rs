use super::Context;
use super::scope::places;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Action, Engine, Service};
use crate::spec::decl::VmsDecl;

/// What only Istio's own agent can do is asked of groups that have it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    askers(context, sink);
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

/// Rules that ask an authorizer about connections to machines with meshd, which asks about requests alone.
fn askers(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let Some(rule) = place.access.of(Action::Ask).next() else {
            continue;
        };
        let services = place.services(context);
        let bytes = |service: &&&Service| service.ports.iter().any(|port| !port.protocol.is_http());
        let groups = services.iter().filter(bytes).flat_map(|service| &service.groups);
        let Some(group) = groups.into_iter().find(|group| group.engine == Engine::Meshd) else {
            continue;
        };
        let message = "meshd asks an authorizer about requests, and this is about connections too";
        sink.push(
            Diagnostic::new(&code::NEEDS_ENVOY, rule.span, message)
                .here("asked about each of these calls")
                .label(group.span, "machines with meshd, with a port that speaks no HTTP")
                .help(
                    "write `engine=envoy` in the `vms`, or write the rule at services whose ports all speak HTTP, and \
                     `allow` and `deny` at these",
                )
                .note("were it left out, everybody could call them; were it kept, nobody"),
        );
    }
}
