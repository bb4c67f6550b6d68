use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// The first rule that matches takes a request: what stands behind one that takes everything is never asked.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for object in index.kind(NETWORKING, "VirtualService") {
        let rules = object.items(&["spec", "http"]);
        let Some((at, taker)) = rules.iter().enumerate().find(|(_, rule)| takes_all(rule)) else {
            continue;
        };
        // One that leads to the same place is of no harm.
        let elsewhere = |behind: &&Datum| targets(behind) != targets(taker);
        for behind in rules[at + 1..].iter().filter(elsewhere) {
            let message = "an earlier rule takes every request, and this one gets none";
            sink.push(
                Diagnostic::new(&code::ROUTE_UNREACHABLE, begin(behind, object), message)
                    .label(begin(taker, object), "this matches everything")
                    .help("write it before that rule, or give that rule a `match`"),
            );
        }
    }
}

/// No condition, or one that everything meets.
fn takes_all(rule: &Datum) -> bool {
    let conditions = rule.at(&["match"]).map_or(&[][..], Datum::items);
    let everything = |condition: &Datum| {
        let entries: Vec<_> = condition
            .entries()
            .iter()
            .filter(|entry| entry.key.value != "name")
            .collect();
        let any_path = |datum: &Datum| {
            datum
                .field_text("prefix")
                .is_some_and(|prefix| prefix.value == "/")
        };
        entries
            .iter()
            .all(|entry| entry.key.value == "uri" && any_path(&entry.value))
    };
    conditions.is_empty() || conditions.iter().any(everything)
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
