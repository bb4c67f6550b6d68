//! What `meshc trace` says of routes and policies is what the proxy does: both are asked about the same cases.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use http::{HeaderName, HeaderValue};
use mesh_compiler::query::wire::{self as told, Request};
use mesh_http2::Fields;
use mesh_wire::listener::SniRoute;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, Permission, Policy, PolicySet, Principal};
use mesh_wire::route::{
    DirectResponse, HeaderEdits, PathMatch, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use proptest::prelude::*;

use super::Clusters;
use super::matcher::Asked;
use super::policy::{Attempt, Policies, Verdict};
use super::routes::{Action as Done, Routes};
use crate::telemetry::Places;
use crate::tls::PeerIdentity;
use crate::written::Written;

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "", "a", "b", "A", "ab", "/", "/a", "/a/", "/a/b", "a,b", "GET", "http",
    ])
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = StringMatch> {
    let plain = prop_oneof![
        word().prop_map(StringMatch::Exact),
        word().prop_map(StringMatch::Prefix),
        word().prop_map(StringMatch::Suffix),
        word().prop_map(StringMatch::Contains),
        prop::sample::select(vec!["a.*", "a|b", "[ab]+", ".+", "/a(/.*)?", "A"])
            .prop_map(|pattern| StringMatch::Regex(pattern.to_owned())),
    ];
    plain.prop_flat_map(|plain| {
        prop_oneof![
            Just(plain.clone()),
            Just(StringMatch::IgnoreCase(Box::new(plain)))
        ]
    })
}

fn header() -> impl Strategy<Value = HeaderMatch> {
    let name = prop::sample::select(vec![
        ":method",
        ":authority",
        ":path",
        ":scheme",
        "host",
        "x-a",
        "x-b",
    ]);
    (name, prop::option::of(text()), any::<bool>()).prop_map(|(name, value, invert)| HeaderMatch {
        name: name.to_owned(),
        value,
        invert,
    })
}

fn host() -> impl Strategy<Value = String> {
    let hosts = vec![
        "a",
        "A.b",
        "x.a.b",
        "a:80",
        "x.a.b:8080",
        "[::1]:80",
        "::1",
        "c",
        "",
    ];
    prop::sample::select(hosts).prop_map(str::to_owned)
}

fn request() -> impl Strategy<Value = Request> {
    let path = prop::sample::select(vec!["/", "/a", "/A", "/a/b", "/ab", "a", "b"]);
    let query = prop::sample::select(vec!["", "a", "a=b", "b=a&a=1", "a=1&a=b"]);
    let name = prop::sample::select(vec!["x-a", "X-A", "x-b"]);
    let headers = prop::collection::vec((name.prop_map(str::to_owned), word()), 0..3);
    (host(), path, query, headers, any::<bool>()).prop_map(|(authority, path, query, headers, get)| Request {
        method: if get { "GET" } else { "POST" }.to_owned(),
        authority,
        path: path.to_owned(),
        query: query.to_owned(),
        scheme: "http".to_owned(),
        headers,
    })
}

fn map(request: &Request) -> Fields {
    let pairs = request.headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

fn asked<'a>(request: &'a Request, headers: &'a Fields) -> Asked<'a> {
    Asked {
        method: &request.method,
        authority: &request.authority,
        path: &request.path,
        query: &request.query,
        scheme: &request.scheme,
        headers,
    }
}

fn route() -> impl Strategy<Value = RouteMatch> {
    let path = prop_oneof![
        word().prop_map(PathMatch::Prefix),
        word().prop_map(PathMatch::PathPrefix),
        word().prop_map(PathMatch::Exact),
        Just(PathMatch::Regex("/a.*".to_owned())),
    ];
    let query = (
        prop::sample::select(vec!["a", "b"]),
        prop::option::of(text()),
        any::<bool>(),
    );
    let query = query.prop_map(|(name, value, invert)| HeaderMatch {
        name: name.to_owned(),
        value,
        invert,
    });
    let (headers, queries) = (
        prop::collection::vec(header(), 0..2),
        prop::collection::vec(query, 0..2),
    );
    (path, any::<bool>(), headers, queries).prop_map(|(path, ignore_case, headers, query)| RouteMatch {
        path,
        ignore_case,
        headers,
        query,
    })
}

/// A table whose routes answer with a status of their own each.
fn table() -> impl Strategy<Value = RouteTable> {
    let domain = prop::sample::select(vec![
        "a", "A.b", "*.b", "*.a.b", "x.*", "x.a.*", "*", "::1", "[::1]",
    ]);
    let domains = prop::collection::vec(domain.prop_map(str::to_owned), 1..3);
    let host = (domains, prop::collection::vec(route(), 0..4));
    prop::collection::vec(host, 0..4).prop_map(|hosts| {
        let mut status = 200;
        let mut route = |matches| {
            status += 1;
            Route {
                name: None,
                matches,
                action: RouteAction::Respond(DirectResponse {
                    status,
                    body: String::new(),
                }),
                request_headers: HeaderEdits::default(),
                response_headers: HeaderEdits::default(),
                fault: None,
                cors: None,
            }
        };
        let hosts = hosts
            .into_iter()
            .enumerate()
            .map(|(at, (domains, routes))| VirtualHost {
                name: at.to_string(),
                domains,
                routes: routes.into_iter().map(&mut route).collect(),
            });
        RouteTable {
            virtual_hosts: hosts.collect(),
        }
    })
}

fn net() -> impl Strategy<Value = ipnet::IpNet> {
    let nets = vec!["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "fd00::/8"];
    prop::sample::select(nets).prop_map(|net| net.parse().unwrap())
}

fn permission() -> impl Strategy<Value = Permission> {
    let leaf = prop_oneof![
        Just(Permission::Any),
        prop::sample::select(vec![80_u16, 81]).prop_map(Permission::DestinationPort),
        net().prop_map(Permission::DestinationIp),
        text().prop_map(Permission::RequestedServerName),
        header().prop_map(Permission::Header),
        text().prop_map(Permission::Path),
        prop::sample::select(vec!["/a/{*}", "/{**}", "/a"])
            .prop_map(|path| Permission::PathTemplate(path.to_owned())),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let several = || prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several().prop_map(Permission::All),
            several().prop_map(Permission::OneOf),
            inner.clone().prop_map(|inner| Permission::Not(Box::new(inner))),
        ]
    })
}

fn principal() -> impl Strategy<Value = Principal> {
    let leaf = prop_oneof![
        Just(Principal::Any),
        prop::option::of(text()).prop_map(Principal::Authenticated),
        net().prop_map(Principal::DirectRemoteIp),
        net().prop_map(Principal::RemoteIp),
        header().prop_map(Principal::Header),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let several = || prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several().prop_map(Principal::All),
            several().prop_map(Principal::OneOf),
            inner.clone().prop_map(|inner| Principal::Not(Box::new(inner))),
        ]
    })
}

fn policies() -> impl Strategy<Value = PolicySet> {
    let action = prop::sample::select(vec![Action::Allow, Action::Deny, Action::Audit]);
    let permissions = prop::collection::vec(permission(), 1..3);
    let principals = prop::collection::vec(principal(), 1..3);
    let policy = (action, permissions, principals, any::<bool>(), any::<bool>());
    let policy = policy.prop_map(|(action, permissions, principals, one, other)| Policy {
        action,
        permissions,
        principals,
        // One in four.
        dry_run: one && other,
    });
    prop::collection::vec(policy, 0..4).prop_map(|policies| {
        let named = policies.into_iter().enumerate();
        let policies: BTreeMap<_, _> = named.map(|(at, policy)| (at.to_string(), policy)).collect();
        PolicySet { policies }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn routes_are_chosen_alike(table in table(), request in request()) {
        let compiled = Routes::compile("a table", &table, &Clusters::default()).unwrap();
        let headers = map(&request);
        let done = compiled.find(&asked(&request, &headers)).map(|route| match &route.action {
            Done::Respond(respond) => respond.status.as_u16(),
            _ => 0,
        });
        let told = told::route::choose(&table, &request).and_then(|choice| choice.route);
        let told = told.map(|(_, route)| match &route.action {
            RouteAction::Respond(respond) => respond.status,
            _ => 0,
        });
        prop_assert_eq!(done, told);
    }

    #[test]
    fn policies_decide_alike(
        set in policies(),
        request in prop::option::of(request()),
        peer in prop::option::of(word()),
        sni in prop::option::of(word()),
        port in 80_u16..82,
        client in any::<bool>(),
    ) {
        let identity = peer.as_ref().map(|spiffe| PeerIdentity {
            spiffe: spiffe.as_str().into(),
            hash: mesh_wire::Sha256::of(b""),
            subject: String::new(),
            dns: Vec::new(),
        });
        let destination = SocketAddr::from(([10, 0, 0, 9], port));
        let remote = IpAddr::from([10, 0, 0, 1]);
        let client = if client { IpAddr::from([192, 0, 2, 1]) } else { remote };
        let headers = request.as_ref().map(map).unwrap_or_default();
        let done = Attempt {
            destination,
            remote,
            client,
            peer: identity.as_ref(),
            sni: sni.as_deref(),
            asked: request.as_ref().map(|request| asked(request, &headers)),
        };
        let told = told::policy::Attempt {
            destination,
            remote,
            client,
            peer: peer.as_deref(),
            sni: sni.as_deref(),
            request: request.as_ref(),
            claims: None,
        };
        let told = told::policy::judge(&set, &told);
        let told = match told.allowed {
            true => Verdict::Allowed(told.by.as_deref()),
            false => Verdict::Denied(told.by.as_deref()),
        };
        let compiled = Policies::compile(&set, &Places::default()).unwrap();
        prop_assert_eq!(compiled.judge(&done, &mut Written::default()), told);
    }

    #[test]
    fn server_names_are_chosen_alike(names in prop::collection::vec(host(), 1..4), sni in host()) {
        let wild = |name: &String| if name.len() > 1 { format!("*.{name}") } else { name.clone() };
        let routes: Vec<_> = names
            .iter()
            .map(|name| SniRoute { sni: vec![name.clone(), wild(name)], addresses: Vec::new(), clusters: Vec::new() })
            .collect();
        let dialled = IpAddr::from([10, 0, 0, 1]);
        let told = told::listener::by_sni(&routes, &sni, Some(dialled));
        let told = told.and_then(|found| routes.iter().position(|route| std::ptr::eq(route, found)));
        prop_assert_eq!(super::listeners::place_by_sni(&routes, &sni, dialled), told);
    }
}
