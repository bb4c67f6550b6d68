//! Which requests a route takes.

use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{PathMatch, RouteMatch};

use crate::matcher;
use crate::reader::Reader;

/// Every request.
pub(super) fn all() -> RouteMatch {
    RouteMatch {
        path: PathMatch::Prefix("/".to_owned()),
        ignore_case: false,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

/// `None` where a condition is not understood: without it the route would take more than it should.
pub(super) fn read(mut matches: Reader<'_>) -> Option<RouteMatch> {
    let path = if matches.has("path") {
        PathMatch::Exact(matches.text("path"))
    } else if matches.has("path_separated_prefix") {
        PathMatch::PathPrefix(matches.text("path_separated_prefix"))
    } else if let Some(pattern) = matches.message("safe_regex") {
        PathMatch::Regex(matcher::regex(pattern))
    } else if matches.has("prefix") {
        PathMatch::Prefix(matches.text("prefix"))
    } else {
        matches.refuse_all("a match of paths that is not known");
        return None;
    };
    let ignore_case = matches.flag("case_sensitive") == Some(false);
    let headers = every(matches.messages("headers"), matcher::header);
    let query = every(matches.messages("query_parameters"), matcher::parameter);
    let more = matches.has_more();
    let (headers, query) = headers.zip(query).filter(|_| !more)?;
    Some(RouteMatch {
        path,
        ignore_case,
        headers,
        query,
    })
}

fn every(all: Vec<Reader<'_>>, read: impl Fn(Reader<'_>) -> Option<HeaderMatch>) -> Option<Vec<HeaderMatch>> {
    let all: Vec<_> = all.into_iter().map(read).collect();
    all.into_iter().map(|one| one.map(present)).collect()
}

/// Whatever it is, it is there.
fn present(matching: HeaderMatch) -> HeaderMatch {
    let any = matching.value == Some(StringMatch::Regex(".*".to_owned()));
    HeaderMatch {
        value: matching.value.filter(|_| !any),
        ..matching
    }
}
