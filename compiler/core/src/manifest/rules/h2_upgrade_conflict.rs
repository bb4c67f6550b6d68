use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};
use crate::syntax::Datum;

/// HTTP/2 keeps one connection for many requests; few requests a connection undo it.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for rule in index.kind(NETWORKING, "DestinationRule") {
        let policies = rule.at(&["spec", "trafficPolicy"]).into_iter();
        let subsets = rule
            .items(&["spec", "subsets"])
            .iter()
            .filter_map(|subset| subset.at(&["trafficPolicy"]));
        for policy in policies.chain(subsets) {
            let ports = policy.at(&["portLevelSettings"]).map_or(&[][..], Datum::items);
            for settings in ports.iter().chain(Some(policy)) {
                if let Some(http) = settings.at(&["connectionPool", "http"]) {
                    look(http, sink);
                }
            }
        }
    }
}

/// Fewer requests than these a connection are no HTTP/2 any more.
const FEW: u64 = 100;

fn look(http: &Datum, sink: &mut Sink) {
    let upgrades = http
        .field_text("h2UpgradePolicy")
        .filter(|policy| policy.value == "UPGRADE");
    let most = http.field_text("maxRequestsPerConnection");
    let few = most.filter(|most| most.value.parse().is_ok_and(|most: u64| most > 0 && most < FEW));
    if let (Some(upgrades), Some(most)) = (upgrades, few) {
        let message = format!(
            "HTTP/2 is for many requests on one connection, and after {} it is closed",
            most.value
        );
        sink.push(
            Diagnostic::new(&code::H2_CONFLICT, upgrades.span, message)
                .here("every connection becomes HTTP/2")
                .label(most.span, format!("and ends after {} requests", most.value))
                .help("leave one of them out; the applications behind it must know HTTP/2"),
        );
    }
}
