use super::index::{Index, NETWORKING, ROOT, SECURITY};
use super::workload::{is_subset, shown};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// How a route asks for a claim of a token (istio, pkg/jwt).
const CLAIM: &str = "@request.auth.claims";

/// A gateway that routes by claims verifies the tokens that they are in, as far as it is written where its pods run.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for route in index.kind(NETWORKING, "VirtualService") {
        let Some(claim) = claim(route) else { continue };
        for name in route.items(&["spec", "gateways"]).iter().filter_map(Datum::text) {
            let gateway = index.gateway(&name.value, route);
            if let Some(gateway) = gateway.filter(|gateway| !verifies(gateway, index)) {
                let message = format!(
                    "a route asks for a claim of a token, and the {} verifies none: it never matches",
                    shown(gateway)
                );
                let found = Diagnostic::new(&code::CLAIMS_UNVERIFIED, claim.span, message)
                    .label(gateway.name.span, "no RequestAuthentication is for its pods")
                    .help("write a RequestAuthentication for the pods of the gateway, in their namespace");
                // Where none is among the files at all, all may be elsewhere.
                let none = index.kind(SECURITY, "RequestAuthentication").next().is_none();
                sink.push(if none { found.warning() } else { found });
                break;
            }
        }
    }
}

/// The first key of headers that asks for a claim.
fn claim(route: &Object) -> Option<Spanned<String>> {
    let rules = route.items(&["spec", "http"]).iter();
    let matches = rules
        .filter_map(|rule| rule.at(&["match"]))
        .flat_map(Datum::items);
    let headers = matches.flat_map(|one| ["headers", "withoutHeaders"].map(|key| one.at(&[key])));
    let mut keys = headers.flatten().flat_map(Datum::entries).map(|entry| &entry.key);
    keys.find(|key| key.value.starts_with(CLAIM)).cloned()
}

/// Some RequestAuthentication is for its pods; where they are not written, one that selects as the Gateway does.
fn verifies(gateway: &Object, index: &Index<'_>) -> bool {
    let wanted = super::gateway::selector(gateway);
    let all: Vec<_> = index.kind(SECURITY, "RequestAuthentication").collect();
    let pods: Vec<_> = index
        .workloads()
        .iter()
        .filter(|pods| !wanted.is_empty() && is_subset(&wanted, &pods.labels))
        .collect();
    let is_for = |namespace: &str, labels: &[(String, String)]| {
        all.iter().any(|one| {
            let own = one.labels_at(&["spec", "selector", "matchLabels"]);
            let aimed = ["targetRef", "targetRefs"]
                .iter()
                .any(|key| one.entry(&["spec", key]).is_some());
            aimed || [namespace, ROOT].contains(&one.namespace()) && is_subset(&own, labels)
        })
    };
    if pods.is_empty() {
        return is_for(gateway.namespace(), &wanted)
            || all.iter().any(|one| {
                let own = one.labels_at(&["spec", "selector", "matchLabels"]);
                is_subset(&own, &wanted)
            });
    }
    pods.iter()
        .all(|pods| is_for(pods.object.namespace(), &pods.labels))
}
