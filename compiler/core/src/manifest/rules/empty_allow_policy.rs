use std::collections::BTreeMap;

use super::index::Index;
use super::policy::{operations, policies, rules, services};
use super::workload::{Service, is_subset};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// With one policy that allows, everything else is refused: a port that no rule is about is closed to all. Where
/// every port is, that is what was meant.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let allowing: Vec<_> = policies(index).filter(|policy| allows(policy)).collect();
    // Most policies say nothing of ports, and need no search for their services.
    if !allowing.iter().any(|policy| names_ports(policy)) {
        return;
    }
    let mut of_service: BTreeMap<Span, (&Service<'_>, Vec<&Object>)> = BTreeMap::new();
    for policy in allowing {
        for service in services(index, policy) {
            let (_, own) = of_service
                .entry(service.object.span)
                .or_insert_with(|| (service, Vec::new()));
            own.push(policy);
        }
    }
    for (service, own) in of_service.values() {
        let closing = own
            .iter()
            .find(|policy| names_ports(policy) && is_for(policy, service));
        if let Some(closing) = closing {
            closed(service, closing, own, sink);
        }
    }
}

fn closed(service: &Service<'_>, closing: &Object, policies: &[&Object], sink: &mut Sink) {
    let open = |port: &str| {
        let mut all = policies.iter().flat_map(|policy| rules(policy));
        all.any(|rule| covers(rule, port))
    };
    let numbers: Vec<_> = service
        .ports
        .iter()
        .filter(|port| {
            let number: Option<u16> = port.target.value.parse().ok();
            // What the proxy itself answers there is no affair of policies.
            number.is_some_and(|number| !(15000..15100).contains(&number))
        })
        .collect();
    if !numbers.iter().any(|port| open(&port.target.value)) {
        return;
    }
    for port in numbers.iter().filter(|port| !open(&port.target.value)) {
        let message = format!(
            "nobody may call port {} of the Service `{}`",
            port.number, service.object.name.value
        );
        sink.push(
            Diagnostic::new(&code::PORT_NOBODY, port.span, message)
                .label(
                    closing.name.span,
                    "policies that allow close what they do not open",
                )
                .help(format!(
                    "add \"{}\" to `ports` of a rule, or leave the port out of the Service",
                    port.target.value
                )),
        );
    }
}

/// The policy lets somebody in, and in earnest.
fn allows(policy: &Object) -> bool {
    let action = policy.text(&["spec", "action"]);
    let dry = policy.text(&["metadata", "annotations", "istio.io/dry-run"]);
    let elsewhere = ["targetRef", "targetRefs"]
        .iter()
        .any(|key| policy.entry(&["spec", key]).is_some());
    action.is_none_or(|action| action.value == "ALLOW")
        && dry.is_none_or(|dry| dry.value != "true")
        && !elsewhere
}

fn names_ports(policy: &Object) -> bool {
    rules(policy)
        .iter()
        .any(|rule| !operations(rule, &["ports", "notPorts"]).is_empty())
}

/// The policy is for everything that the service finds.
fn is_for(policy: &Object, service: &Service<'_>) -> bool {
    let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
    !service.selector.is_empty() && is_subset(&selector, &service.selector)
}

/// A rule is about a port, among others.
fn covers(rule: &Datum, port: &str) -> bool {
    let list = |part: &Datum, key: &str| -> Vec<String> {
        let items = part.at(&["operation", key]).map_or(&[][..], Datum::items);
        items
            .iter()
            .filter_map(Datum::text)
            .map(|port| port.value)
            .collect()
    };
    let parts = rule.at(&["to"]).map_or(&[][..], Datum::items);
    let here = |part: &Datum| {
        let (any, none) = (list(part, "ports"), list(part, "notPorts"));
        (any.is_empty() || any.iter().any(|own| own == port)) && !none.iter().any(|own| own == port)
    };
    parts.is_empty() || parts.iter().any(here)
}
