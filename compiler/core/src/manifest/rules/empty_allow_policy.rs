use std::collections::BTreeMap;

use super::index::{Index, ROOT};
use super::policy::{is_about, operations, policies, rules};
use super::workload::{Service, is_subset};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// With one policy that allows, everything else is refused: a port that no rule is about is closed to all. Where
/// every port is, that is what was meant.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut allowing: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for policy in policies(index).filter(|policy| allows(policy)) {
        allowing.entry(policy.namespace()).or_default().push(policy);
    }
    for (namespace, own) in &allowing {
        let wide = allowing.get(ROOT).filter(|_| *namespace != ROOT);
        let closing: Vec<_> = own.iter().filter(|policy| names_ports(policy)).collect();
        // Most policies say nothing of ports, and need no search for their services.
        for service in index.services_in(namespace).filter(|_| !closing.is_empty()) {
            let Some(closing) = closing.iter().find(|policy| is_for(policy, service)) else {
                continue;
            };
            let all = own.iter().chain(wide.into_iter().flatten());
            let here: Vec<_> = all
                .copied()
                .filter(|policy| is_about(index, policy, service))
                .collect();
            closed(service, closing, &here, sink);
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
