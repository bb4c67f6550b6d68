mod cover;

use super::index::{Index, NETWORKING};
use super::routes::KINDS;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// The first rule that matches takes a request: what stands behind one that takes the same or more is never asked.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for object in index.kind(NETWORKING, "VirtualService") {
        for kind in KINDS {
            let rules = object.items(&["spec", kind]);
            for (at, rule) in rules.iter().enumerate().skip(1) {
                look(rule, &rules[..at], object, sink);
            }
        }
    }
}

fn look(rule: &Datum, before: &[Datum], object: &Object, sink: &mut Sink) {
    // One that leads to the same place is of no harm.
    let elsewhere = |taker: &&Datum| targets(taker) != targets(rule);
    if let Some(taker) = before.iter().find(|taker| cover::takes_all(taker)) {
        if elsewhere(&taker) {
            let message = "an earlier rule takes every request, and this one gets none";
            sink.push(
                Diagnostic::new(&code::ROUTE_UNREACHABLE, begin(rule, object), message)
                    .label(begin(taker, object), "this matches everything")
                    .help("write it before that rule, or give that rule a `match`"),
            );
        }
        return;
    }
    let taken = |wanted: &Datum| {
        before
            .iter()
            .find_map(|taker| Some((taker, cover::taking(taker, wanted)?)))
    };
    let all: Vec<_> = conditions(rule)
        .iter()
        .map(|wanted| (wanted, taken(wanted)))
        .collect();
    let whole = !all.is_empty() && all.iter().all(|(_, taker)| taker.is_some());
    let mut found = all
        .iter()
        .filter_map(|(wanted, taker)| Some((wanted, (*taker)?)))
        .filter(|(_, (taker, _))| elsewhere(taker));
    if let (true, Some((_, (_, earlier)))) = (whole, found.clone().next()) {
        let message = "earlier rules take every request of this one, and it gets none";
        sink.push(never(begin(rule, object), message, first(earlier)));
        return;
    }
    if whole {
        return;
    }
    found.try_for_each(|(wanted, (_, earlier))| {
        let message = "an earlier rule takes all that this entry of `match` would";
        sink.push(never(first(wanted), message, first(earlier)));
        Some(())
    });
}

fn never(span: Span, message: &str, earlier: Span) -> Diagnostic {
    Diagnostic::new(&code::ROUTE_UNREACHABLE, span, message)
        .label(earlier, "this takes the same, or more")
        .help("write the narrower rule first, or leave one of them out")
}

fn conditions(rule: &Datum) -> &[Datum] {
    rule.at(&["match"]).map_or(&[], Datum::items)
}

/// Where a rule leads, as far as it is written alike.
fn targets(rule: &Datum) -> Vec<[Option<String>; 3]> {
    let routes = rule.at(&["route"]).map_or(&[][..], Datum::items);
    let target = |route: &Datum| {
        let text = |path: &[&str]| route.at(path).and_then(Datum::text).map(|text| text.value);
        [
            text(&["destination", "host"]),
            text(&["destination", "subset"]),
            text(&["destination", "port", "number"]),
        ]
    };
    routes.iter().map(target).collect()
}

/// The first key of a rule.
fn begin(rule: &Datum, object: &Object) -> Span {
    rule.entries().first().map_or(object.span, |entry| entry.key.span)
}

/// The first key of an entry of `match`.
fn first(condition: &Datum) -> Span {
    condition
        .entries()
        .first()
        .map_or(condition.span, |entry| entry.key.span)
}
