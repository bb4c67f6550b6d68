use mesh_http2::Fields;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{DirectResponse, RouteAction, RouteMatch, VirtualHost};
use proptest::prelude::*;

use super::*;

fn route(name: &str, path: wire::PathMatch) -> wire::Route {
    wire::Route {
        name: Some(name.to_owned()),
        matches: RouteMatch {
            path,
            ignore_case: false,
            headers: Vec::new(),
            query: Vec::new(),
        },
        action: RouteAction::Respond(DirectResponse {
            status: 200,
            body: String::new(),
        }),
        request_headers: wire::HeaderEdits::default(),
        response_headers: wire::HeaderEdits::default(),
        fault: None,
        cors: None,
    }
}

fn table(hosts: Vec<(&str, Vec<wire::Route>)>) -> Routes {
    let host = |(domain, routes): (&str, Vec<wire::Route>)| VirtualHost {
        name: domain.to_owned(),
        domains: vec![domain.to_owned()],
        routes,
    };
    let table = wire::RouteTable {
        virtual_hosts: hosts.into_iter().map(host).collect(),
    };
    Routes::compile("a table", &table, &Clusters::new()).unwrap()
}

fn found(routes: &Routes, authority: &str, path: &str) -> Option<String> {
    let headers = Fields::new();
    let asked = Asked {
        method: "GET",
        authority,
        path,
        query: "",
        scheme: "http",
        headers: &headers,
    };
    routes.find(&asked).map(|route| route.name.to_string())
}

fn everything(name: &str) -> Vec<wire::Route> {
    vec![route(name, wire::PathMatch::Prefix("/".to_owned()))]
}

#[test]
fn the_most_specific_domain_serves() {
    let routes = table(vec![
        ("*", everything("any")),
        ("*.example.com", everything("suffix")),
        ("*.api.example.com", everything("longer suffix")),
        ("forum.*", everything("prefix")),
        ("forum.example.com", everything("exact")),
    ]);
    for (authority, name) in [
        ("forum.example.com", "exact"),
        ("FORUM.example.com:8080", "exact"),
        ("a.example.com", "suffix"),
        ("a.api.example.com:80", "longer suffix"),
        ("forum.other", "prefix"),
        (".example.com", "any"),
        ("[::1]:80", "any"),
    ] {
        assert_eq!(
            found(&routes, authority, "/").as_deref(),
            Some(name),
            "{authority}"
        );
    }
}

#[test]
fn the_first_route_that_matches_serves() {
    let mut canary = route("canary", wire::PathMatch::Prefix("/".to_owned()));
    let header = HeaderMatch {
        name: "x-canary".to_owned(),
        value: Some(StringMatch::Exact("true".to_owned())),
        invert: false,
    };
    canary.matches.headers.push(header);
    let routes = table(vec![(
        "forum",
        vec![
            canary,
            route("search", wire::PathMatch::PathPrefix("/search".to_owned())),
            route("exact", wire::PathMatch::Exact("/x".to_owned())),
            route("regex", wire::PathMatch::Regex("/v[0-9]+/.*".to_owned())),
        ],
    )]);
    assert_eq!(found(&routes, "forum", "/search/it").as_deref(), Some("search"));
    assert_eq!(found(&routes, "forum", "/searching"), None);
    assert_eq!(found(&routes, "forum", "/x").as_deref(), Some("exact"));
    assert_eq!(found(&routes, "forum", "/v12/a").as_deref(), Some("regex"));
    assert_eq!(found(&routes, "nowhere", "/x"), None);
}

#[test]
fn ports_are_cut_off_hosts() {
    for (authority, host) in [
        ("a:80", "a"),
        ("a", "a"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("::1", "::1"),
    ] {
        assert_eq!(without_port(authority), host);
    }
}

proptest! {
    #[test]
    fn a_path_prefix_ends_at_a_slash(prefix in "(/[a-z]{1,4}){1,3}", rest in "[a-z/]{0,6}") {
        let routes = table(vec![("*", vec![route("it", wire::PathMatch::PathPrefix(prefix.clone()))])]);
        let expected = rest.is_empty() || rest.starts_with('/');
        prop_assert_eq!(found(&routes, "x", &format!("{prefix}{rest}")).is_some(), expected);
    }

    #[test]
    fn case_is_ignored_only_where_it_is_said(path in "(/[a-zA-Z]{1,4}){1,3}") {
        let mut folded = route("it", wire::PathMatch::Exact(path.to_uppercase()));
        folded.matches.ignore_case = true;
        let routes = table(vec![("*", vec![folded])]);
        prop_assert!(found(&routes, "x", &path).is_some());
        let strict = table(vec![("*", vec![route("it", wire::PathMatch::Exact(path.to_uppercase()))])]);
        prop_assert_eq!(found(&strict, "x", &path).is_some(), path == path.to_uppercase());
    }
}
