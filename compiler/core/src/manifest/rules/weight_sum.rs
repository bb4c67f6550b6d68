use super::index::{Index, NETWORKING};
use super::routes::KINDS;
use crate::diag::{Diagnostic, Sink, code};
use crate::syntax::Datum;

/// The weights of a route say who gets how much (istio, pkg/config/validation, validateWeights).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for object in index.kind(NETWORKING, "VirtualService") {
        for rule in KINDS.iter().flat_map(|kind| object.items(&["spec", kind])) {
            let Some(route) = rule.entry("route") else {
                continue;
            };
            look(route.key.span, route.value.items(), sink);
        }
    }
}

fn look(place: crate::diag::Span, parts: &[Datum], sink: &mut Sink) {
    let mut sum = 0_i64;
    for weight in parts.iter().filter_map(|part| part.field_text("weight")) {
        let Ok(number) = weight.value.parse::<i64>() else {
            return;
        };
        if number < 0 {
            let message = format!("a weight is no less than 0, and this is {number}");
            sink.push(
                Diagnostic::new(&code::ROUTE_WEIGHTS, weight.span, message).help("write a share, such as 10"),
            );
            return;
        }
        sum = sum.saturating_add(number);
    }
    if parts.len() > 1 && sum == 0 {
        let message = format!(
            "{} destinations share the requests, and none has a weight",
            parts.len()
        );
        sink.push(
            Diagnostic::new(&code::ROUTE_WEIGHTS, place, message)
                .help("write a `weight` for each, 100 together"),
        );
    }
}
