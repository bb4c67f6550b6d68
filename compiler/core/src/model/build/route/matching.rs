use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::PathMatch;

use super::sender::Senders;
use crate::model::{HttpMatch, StreamMatch};
use crate::spec::decl::{List, MatchDecl, PairDecl, RouteDecl, TextDecl};

/// The conditions of a route for requests, ordered, so that their order in the spec says nothing.
pub(super) fn of_requests(decl: &RouteDecl, senders: &Senders) -> Vec<HttpMatch> {
    let each = decl.matches.iter().enumerate();
    let mut all: Vec<_> = each
        .map(|(at, matching)| request(matching, senders.of(at)))
        .collect();
    all.sort_by_cached_key(|matching| format!("{matching:?}"));
    all.dedup();
    all
}

fn request(decl: &MatchDecl, from: Vec<crate::model::Sender>) -> HttpMatch {
    let paths = [
        decl.path
            .as_ref()
            .map(|path| PathMatch::Exact(path.value.clone())),
        decl.path_prefix
            .as_ref()
            .map(|path| PathMatch::Prefix(path.value.clone())),
        decl.path_regex
            .as_ref()
            .map(|path| PathMatch::Regex(path.value.clone())),
    ];
    let mut headers: Vec<_> = decl.headers.iter().map(|header| pair(header, true)).collect();
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut query: Vec<_> = decl.query.iter().map(|query| pair(query, false)).collect();
    query.sort_by(|a, b| a.name.cmp(&b.name));
    HttpMatch {
        path: paths.into_iter().flatten().next(),
        ignore_case: decl.ignore_case.as_ref().is_some_and(|ignore| ignore.value),
        methods: sorted(decl.method.as_ref()),
        authority: text(&decl.authority),
        scheme: decl.scheme.as_ref().map(|scheme| scheme.value.clone()),
        headers,
        query,
        from,
    }
}

fn text(decl: &TextDecl) -> Option<StringMatch> {
    let exact = decl
        .exact
        .as_ref()
        .map(|text| StringMatch::Exact(text.value.clone()));
    let prefix = decl
        .prefix
        .as_ref()
        .map(|text| StringMatch::Prefix(text.value.clone()));
    let regex = decl
        .regex
        .as_ref()
        .map(|text| StringMatch::Regex(text.value.clone()));
    exact.or(prefix).or(regex)
}

/// Names of headers have no case; those of parameters do.
fn pair(decl: &PairDecl, header: bool) -> HeaderMatch {
    let name = &decl.name.value;
    let other = decl
        .not
        .as_ref()
        .map(|text| StringMatch::Exact(text.value.clone()));
    HeaderMatch {
        name: if header {
            name.to_ascii_lowercase()
        } else {
            name.clone()
        },
        invert: decl.is_absent() || other.is_some(),
        value: if decl.is_absent() {
            None
        } else {
            other.or_else(|| text(&decl.value))
        },
    }
}

/// The conditions of a route for TLS. Istio wants names in each: without, that of the service itself is meant.
pub(super) fn of_names(decl: &RouteDecl, senders: &Senders, host: &str) -> Vec<StreamMatch> {
    let own = || vec![host.to_owned()];
    let mut all = streams(decl, senders);
    if all.is_empty() {
        all.push(StreamMatch::default());
    }
    for matching in all.iter_mut().filter(|matching| matching.sni.is_empty()) {
        matching.sni = own();
    }
    all
}

/// The conditions of a route for connections.
pub(super) fn of_connections(decl: &RouteDecl, senders: &Senders) -> Vec<StreamMatch> {
    streams(decl, senders)
}

fn streams(decl: &RouteDecl, senders: &Senders) -> Vec<StreamMatch> {
    let one = |(at, matching): (usize, &MatchDecl)| {
        let mut addresses = matching
            .to
            .as_ref()
            .map(|ranges| ranges.value.clone())
            .unwrap_or_default();
        addresses.sort();
        addresses.dedup();
        let names = sorted(matching.sni.as_ref());
        StreamMatch {
            sni: names.into_iter().map(|name| name.to_ascii_lowercase()).collect(),
            addresses,
            from: senders.of(at),
        }
    };
    let mut all: Vec<_> = decl.matches.iter().enumerate().map(one).collect();
    all.sort();
    all.dedup();
    all
}

fn sorted(list: Option<&List>) -> Vec<String> {
    let list = list.map(|list| list.value.as_slice()).unwrap_or_default();
    let mut all: Vec<_> = list.iter().map(|text| text.value.clone()).collect();
    all.sort();
    all.dedup();
    all
}
