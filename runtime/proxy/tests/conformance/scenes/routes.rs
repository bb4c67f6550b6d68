//! Matches, rewrites, redirects, direct responses, edits of headers.

use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::*;

use super::{action, prefix};
use crate::ask::get;
use crate::support::snapshot::forward;
use crate::world::World;

pub fn put(world: &mut World) {
    let [(_, a), (_, b), _] = world.apps;
    world.cluster("a", &[a]);
    world.cluster("b", &[b]);
    matches(world);
    answers(world);
    rewrites(world);
    edits(world);
}

fn matches(world: &mut World) {
    let exact = |value: &str| Some(StringMatch::Exact(value.to_owned()));
    let header = |name: &str, value, invert| HeaderMatch {
        name: name.to_owned(),
        value,
        invert,
    };
    let to = |path: PathMatch, say: &str| {
        let mut route = prefix("/", forward("a"));
        route.matches.path = path;
        route.name = Some(say.to_owned());
        route
    };
    let mut case = to(PathMatch::Exact("/Case".to_owned()), "case");
    case.matches.ignore_case = true;
    let mut by_header = to(PathMatch::Prefix("/h".to_owned()), "header");
    by_header.matches.headers = vec![header(
        "x-user",
        Some(StringMatch::Prefix("al".to_owned())),
        false,
    )];
    let mut without = to(PathMatch::Prefix("/h".to_owned()), "without");
    without.matches.headers = vec![header("x-none", exact("1"), true), header("x-gone", None, true)];
    let mut query = to(PathMatch::Prefix("/q".to_owned()), "query");
    query.matches.query = vec![header("a", exact("1"), false), header("b", None, false)];
    let mut post = to(PathMatch::Prefix("/".to_owned()), "post");
    post.matches.headers = vec![header(":method", exact("POST"), false)];
    world.host(
        "matches",
        vec![
            case,
            to(PathMatch::Exact("/exact".to_owned()), "exact"),
            to(PathMatch::PathPrefix("/seg".to_owned()), "segment"),
            to(PathMatch::Regex("/r/[0-9]+".to_owned()), "regex"),
            by_header,
            without,
            query,
            post,
        ],
    );
    let of = |path: &str| get("matches", path);
    let asks = vec![
        of("/exact"),
        of("/exact?a=1"),
        of("/exact/"),
        of("/cAsE"),
        of("/seg"),
        of("/seg/x"),
        of("/segment"),
        of("/r/12"),
        of("/r/12x"),
        of("/r/12?x"),
        of("/h").with("x-user", "alice").label("/h alice"),
        of("/h"),
        of("/h").with("x-none", "1").label("/h none"),
        of("/h").with("x-none", "2").label("/h other"),
        of("/h").with("x-gone", "2").label("/h gone"),
        of("/q?a=1&b"),
        of("/q?b=&a=1"),
        of("/q?a=2&b=1"),
        of("/x").method(http::Method::POST).body(10).label("POST /x"),
        of("//exact"),
        of("/a/../exact"),
        of("/%65xact"),
        of("/seg%2Fx"),
        of("/nowhere"),
        of("/").host("matches.test:80").label("with port"),
        of("/exact").host("MATCHES.test").label("upper case"),
        of("/").host("unknown.test").label("unknown host"),
        of("/exact").http2().label("/exact HTTP/2"),
    ];
    world.asks("matches", asks);
}

fn answers(world: &mut World) {
    let redirect = |status, path| Redirect {
        status,
        scheme: None,
        host: None,
        port: None,
        path,
    };
    let respond = |status, body: &str| {
        RouteAction::Respond(DirectResponse {
            status,
            body: body.to_owned(),
        })
    };
    let mut away = redirect(301, None);
    away.scheme = Some("https".to_owned());
    away.host = Some("other.test".to_owned());
    away.port = Some(8443);
    let mut standard = redirect(301, None);
    standard.scheme = Some("https".to_owned());
    standard.port = Some(443);
    let mut edited = action("/edited", respond(418, "short and stout"));
    edited
        .response_headers
        .set
        .insert("x-tea".to_owned(), "yes".to_owned());
    edited
        .response_headers
        .set
        .insert("content-type".to_owned(), "text/tea".to_owned());
    world.host(
        "answers",
        vec![
            edited,
            action("/empty", respond(204, "")),
            action("/ok", respond(200, "{\"ok\":true}")),
            action("/away", RouteAction::Redirect(away)),
            action("/standard", RouteAction::Redirect(standard)),
            action(
                "/full",
                RouteAction::Redirect(redirect(302, Some(PathRewrite::Full("/new".to_owned())))),
            ),
            action(
                "/pre",
                RouteAction::Redirect(redirect(307, Some(PathRewrite::Prefix("/post".to_owned())))),
            ),
            action("/see", RouteAction::Redirect(redirect(303, None))),
            action("/perm", RouteAction::Redirect(redirect(308, None))),
        ],
    );
    let of = |path: &str| get("answers", path);
    let asks = vec![
        of("/edited"),
        of("/empty"),
        of("/ok"),
        of("/ok").http2().label("/ok HTTP/2"),
        of("/ok").method(http::Method::HEAD).label("HEAD /ok"),
        of("/ok")
            .method(http::Method::POST)
            .body(100_000)
            .label("POST /ok"),
        of("/away/x?q=1"),
        of("/standard").host("answers.test:8080"),
        of("/full?q=1"),
        of("/pre/x?q=1"),
        of("/see?q"),
        of("/perm").with("x-forwarded-proto", "https"),
    ];
    world.asks("answers", asks);
}

fn rewrites(world: &mut World) {
    let with = |path: &str, rewrite: PathRewrite| {
        let mut forward = forward("a");
        forward.path_rewrite = Some(rewrite);
        prefix(path, forward)
    };
    let mut host = forward("a");
    host.host_rewrite = Some("inside.test".to_owned());
    let mut segment = with("/", PathRewrite::Prefix("/".to_owned()));
    segment.matches.path = PathMatch::PathPrefix("/seg".to_owned());
    world.host(
        "rewrites",
        vec![
            with("/v1/", PathRewrite::Prefix("/".to_owned())),
            with("/full", PathRewrite::Full("/all".to_owned())),
            with(
                "/re/",
                PathRewrite::Regex {
                    pattern: "^/re/([^/]+)/([^/]+)".to_owned(),
                    substitution: r"/\2/\1".to_owned(),
                },
            ),
            segment,
            prefix("/host", host),
        ],
    );
    let of = |path: &str| get("rewrites", path);
    let asks = vec![
        of("/v1/posts?a=1"),
        of("/v1/"),
        of("/full/x?a=1"),
        of("/re/a/b/c?d"),
        of("/re/a"),
        of("/seg"),
        of("/seg/x"),
        of("/host"),
        of("/v1/%20x%2Fy"),
    ];
    world.asks("rewrites", asks);
}

fn edits(world: &mut World) {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    };
    let edits = |set: &[(&str, &str)], add: &[(&str, &str)], remove: &[&str]| HeaderEdits {
        set: pairs(set),
        add: pairs(add),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut route = prefix("/", forward("a"));
    route.request_headers = edits(&[("x-set", "route")], &[("x-add", "route")], &["x-gone"]);
    route.response_headers = edits(
        &[("x-set", "route")],
        &[("x-add", "route")],
        &["x-gone", "server"],
    );
    let RouteAction::Forward(to) = &mut route.action else {
        unreachable!()
    };
    to.clusters[0].request_headers = edits(
        &[("x-both", "share"), ("x-set", "share")],
        &[("x-add", "share")],
        &["x-share"],
    );
    to.clusters[0].response_headers = edits(&[("x-set", "share")], &[("x-add", "share")], &[]);
    let mut host = prefix("/host", forward("a"));
    host.request_headers = edits(&[("host", "set.test")], &[], &[]);
    world.host("edits", vec![host, route]);
    let of = |path: &str| get("edits", path);
    let asks = vec![
        of("/")
            .with("x-set", "client")
            .with("x-add", "client")
            .with("x-gone", "1")
            .with("x-share", "1")
            .told("header=x-set:app;header=x-add:app;header=x-gone:1;header=server:app"),
        of("/bare"),
        of("/host"),
    ];
    world.asks("edits", asks);
}
