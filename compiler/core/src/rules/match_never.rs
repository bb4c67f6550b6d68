use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{MatchDecl, PairDecl};

/// One request has one value of a header or parameter: a match that asks for two takes nothing.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    for matching in routes.flat_map(|route| &route.matches) {
        look(matching, sink);
    }
}

fn look(matching: &MatchDecl, sink: &mut Sink) {
    let same_header = |a: &PairDecl, b: &PairDecl| a.name.value.eq_ignore_ascii_case(&b.name.value);
    let same_query = |a: &PairDecl, b: &PairDecl| a.name.value == b.name.value;
    pairs("header", &matching.headers, same_header, sink);
    pairs("query", &matching.query, same_query, sink);
}

fn pairs(kind: &str, all: &[PairDecl], same: impl Fn(&PairDecl, &PairDecl) -> bool, sink: &mut Sink) {
    for (at, second) in all.iter().enumerate() {
        let Some(first) = all[..at].iter().find(|first| same(first, second)) else {
            continue;
        };
        let name = &second.name.value;
        if contradict(first, second) {
            let message = format!("no request meets both conditions on the {kind} `{name}`");
            sink.push(
                Diagnostic::new(&code::MATCH_NEVER, second.span, message)
                    .here("this")
                    .label(first.span, "and this")
                    .help("write a `match` for each: one of several is enough"),
            );
        } else if is_negative(first) == is_negative(second) {
            let message = format!("the {kind} `{name}` is asked twice in one `match`");
            sink.push(
                Diagnostic::new(&code::DUPLICATE, second.span, message)
                    .here("here again")
                    .label(first.span, "first here")
                    .help("write one condition, such as `regex=`; Istio takes one for each name"),
            );
        }
    }
}

fn is_negative(pair: &PairDecl) -> bool {
    pair.is_absent() || pair.not.is_some()
}

fn contradict(first: &PairDecl, second: &PairDecl) -> bool {
    if first.is_absent() || second.is_absent() {
        return !(is_negative(first) && is_negative(second));
    }
    let exact = |pair: &PairDecl| pair.value.exact.as_ref().map(|text| text.value.clone());
    let prefix = |pair: &PairDecl| pair.value.prefix.as_ref().map(|text| text.value.clone());
    let not = |pair: &PairDecl| pair.not.as_ref().map(|text| text.value.clone());
    let apart = |one: &PairDecl, other: &PairDecl| match (exact(one), exact(other), prefix(other), not(other))
    {
        (Some(one), Some(other), _, _) => one != other,
        (Some(one), _, Some(prefix), _) => !one.starts_with(&prefix),
        (Some(one), _, _, Some(not)) => one == not,
        _ => false,
    };
    let prefixes_apart = match (prefix(first), prefix(second)) {
        (Some(one), Some(other)) => !one.starts_with(&other) && !other.starts_with(&one),
        _ => false,
    };
    apart(first, second) || apart(second, first) || prefixes_apart
}
