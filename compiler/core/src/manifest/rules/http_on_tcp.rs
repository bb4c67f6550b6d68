use super::index::Index;
use super::policy::{policies, rules, services};
use super::workload::{Service, is_bytes};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// Fields of rules that only requests have.
const OPERATIONS: &[&str] = &["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"];
const SOURCES: &[&str] = &["requestPrincipals", "notRequestPrincipals"];

/// Where no requests are known, a rule that asks for some allows nothing, and one that denies denies everything
/// (istio, pkg/config/validation, ValidateAuthorizationPolicy).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for policy in policies(index) {
        let action = policy
            .text(&["spec", "action"])
            .map_or_else(|| "ALLOW".to_owned(), |action| action.value);
        // Most policies ask for nothing of requests, and need no search for their services.
        if !rules(policy).iter().any(|rule| of_requests(rule).is_some()) {
            continue;
        }
        let services = services(index, policy);
        for rule in rules(policy) {
            let Some((span, name)) = of_requests(rule) else {
                continue;
            };
            let Some((place, which)) = on_bytes(rule, policy, &services) else {
                continue;
            };
            let what = if action == "DENY" {
                "it denies everything there"
            } else {
                "it matches nothing there"
            };
            let message = format!("`{name}` asks for requests, and {which} knows none: {what}");
            sink.push(
                Diagnostic::new(&code::HTTP_ON_TCP, span, message)
                    .label(place, "bytes only")
                    .help("ask who calls and on which port, or declare the protocol if it is HTTP"),
            );
        }
    }
}

fn of_requests(rule: &Datum) -> Option<(Span, &str)> {
    let lists = [("to", "operation", OPERATIONS), ("from", "source", SOURCES)];
    let fields = lists.into_iter().flat_map(|(list, inner, keys)| {
        let parts = rule
            .at(&[list])
            .map_or(&[][..], Datum::items)
            .iter()
            .filter_map(move |part| part.at(&[inner]));
        parts
            .flat_map(Datum::entries)
            .filter(move |entry| keys.contains(&entry.key.value.as_str()))
    });
    let when = rule
        .at(&["when"])
        .map_or(&[][..], Datum::items)
        .iter()
        .filter_map(|when| when.entry("key"));
    let when = when.filter(|entry| {
        entry
            .value
            .text()
            .is_some_and(|key| key.value.starts_with("request."))
    });
    fields
        .chain(when)
        .map(|entry| (entry.key.span, entry.key.value.as_str()))
        .next()
}

/// The rule is for a port of bytes, or for a workload that has no others.
fn on_bytes(rule: &Datum, policy: &Object, services: &[&Service<'_>]) -> Option<(Span, String)> {
    let parts = rule.at(&["to"]).map_or(&[][..], Datum::items).iter();
    let ports = parts
        .filter_map(|part| part.at(&["operation", "ports"]))
        .flat_map(Datum::items)
        .filter_map(Datum::text);
    for port in ports {
        let of_services = services.iter().flat_map(|service| &service.ports);
        let own = of_services
            .into_iter()
            .find(|own| own.target.value == port.value)?;
        if own.protocol.as_deref().is_some_and(is_bytes) {
            return Some((own.span, format!("port {}", port.value)));
        }
    }
    let selects = policy.entry(&["spec", "selector"]).is_some();
    let bytes = !services.is_empty() && services.iter().all(|service| service.is_bytes_only());
    (selects && bytes).then(|| {
        (
            services[0].object.name.span,
            format!("the Service `{}`", services[0].object.name.value),
        )
    })
}
