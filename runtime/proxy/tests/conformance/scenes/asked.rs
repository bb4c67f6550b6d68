//! Requests that others decide about, asked by HTTP and by gRPC.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBody, AskedBy, Authorizer};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, Permission as P, Policy, Principal};

use crate::app::{self, Frames};
use crate::ask::get;
use crate::support::backend;
use crate::support::envoy::free;
use crate::world::World;

pub async fn put(world: &mut World) {
    let by_http = backend::http1(answer_http).await;
    let by_grpc = backend::http2(answer_grpc).await;
    world.cluster("asked-http", &[by_http]);
    world.cluster("asked-grpc", &[by_grpc]).http = HttpVersion::Http2;
    let nobody = free();
    world.cluster("asked-nobody", &[nobody]);
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let strict = AskedBy::Http {
        path_prefix: Some("/check".to_owned()),
        send: list(&["x-ask", "X-A*", "*-end"]),
        add: BTreeMap::from([("x-told".to_owned(), "meshd".to_owned())]),
        upstream: list(&["x-user", "x-saw"]),
        allow: list(&["x-allow"]),
        deny: list(&["x-deny"]),
    };
    let open = AskedBy::Http {
        path_prefix: None,
        send: list(&["x-ask"]),
        add: BTreeMap::new(),
        upstream: list(&["x-saw"]),
        allow: Vec::new(),
        deny: Vec::new(),
    };
    let a = listener(world, "asked-http", strict.clone(), |_| {}).await;
    let b = listener(world, "asked-http", open, |one| {
        one.fail_open = true;
        one.body = Some(AskedBody {
            most: 8,
            partial: true,
            bytes: false,
        });
    })
    .await;
    let c = listener(world, "asked-grpc", AskedBy::Grpc, |one| {
        one.status_on_error = Some(503);
        one.body = Some(AskedBody {
            most: 8,
            partial: false,
            bytes: true,
        });
    })
    .await;
    let d = listener(world, "asked-nobody", strict, |_| {}).await;
    let mut asks = Vec::new();
    for (name, to) in [("HTTP", a), ("open", b), ("gRPC", c)] {
        let ask = |label: &str, what: &str| {
            let label = format!("{name} {label}");
            get("asked", "/page?x=1")
                .label(&label)
                .with("x-ask", what)
                .inward(to)
        };
        asks.extend([
            ask("yes", "yes")
                .with("x-user", "mallory")
                .with("x-ab", "1")
                .with("the-end", "2")
                .with("x-secret", "3")
                .with("authorization", "Bearer x"),
            ask("no", "no"),
            ask("broken", "broken"),
            ask("redirect", "redirect"),
            ask("left alone", "no").path("/free/page"),
            ask("short body", "yes").method(http::Method::POST).body(8),
            ask("long body", "yes").method(http::Method::POST).body(9),
            ask("long no", "no").method(http::Method::POST).body(70_000),
            ask("HTTP/2", "yes").http2(),
            ask("gone", "gone"),
        ]);
    }
    let mut mutate = get("asked", "/page?x=1&y=2&gone=3&x=4")
        .label("gRPC mutations")
        .with("x-ask", "mutate")
        .inward(c);
    let mut told = String::new();
    for name in ["x-add-here", "x-absent-here", "x-set-here", "x-present-here"] {
        mutate = mutate.with(name, "own");
        told.push_str(&format!("header={name}:own;"));
    }
    asks.push(mutate.told(&told));
    asks.push(get("asked", "/page").label("nobody there").inward(d));
    world.asks("asked", asks);
}

fn of(cluster: &str, by: AskedBy) -> Authorizer {
    let free = P::Path(StringMatch::Prefix("/free/".to_owned()));
    let policy = Policy {
        action: Action::Deny,
        permissions: vec![P::Not(Box::new(free))],
        principals: vec![Principal::Any],
        dry_run: false,
    };
    Authorizer {
        name: "opa".to_owned(),
        cluster: cluster.to_owned(),
        host: "opa.ops.svc.cluster.local".to_owned(),
        timeout: Millis::from_secs(5),
        fail_open: false,
        status_on_error: None,
        body: None,
        by,
        policies: BTreeMap::from([("ns[forum]-policy[ask]-rule[0]".to_owned(), policy)]),
    }
}

/// A port whose requests are decided about by one in `cluster`.
async fn listener(
    world: &mut World,
    cluster: &str,
    by: AskedBy,
    change: impl FnOnce(&mut Authorizer),
) -> SocketAddr {
    let app = app::serve("asked", world.tries.clone()).await;
    let mut one = of(cluster, by);
    change(&mut one);
    let inbound = world.inbound(app.port(), InboundProtocol::Http, MtlsMode::Disable);
    inbound.authorizers = vec![one];
    app
}

/// What the application is told of what was asked; who proxies are, and what they say of themselves, differs.
fn saw(line: &str, headers: &HeaderMap, body: usize) -> String {
    let known = [
        "x-ask",
        "x-ab",
        "the-end",
        "x-secret",
        "x-told",
        "authorization",
        "host",
        "content-length",
    ];
    let mut all: Vec<String> = known
        .iter()
        .filter_map(|name| Some(format!("{name}={}", headers.get(*name)?.to_str().unwrap())))
        .collect();
    all.extend(
        headers
            .get("x-envoy-auth-partial-body")
            .map(|is| format!("partial={is:?}")),
    );
    format!("{line} {} body={body}", all.join(" "))
}

/// What is said for others: a `Struct` with a value of each kind.
pub fn metadata() -> Vec<u8> {
    let entry = |key: &str, value: &[u8]| field(1, &[field(1, key.as_bytes()), field(2, value)].concat());
    let number = |number: f64| [&[2 << 3 | 1], &number.to_le_bytes()[..]].concat();
    let name = field(3, b"ada");
    let list = [field(1, &name), field(1, &number(2.0))].concat();
    [
        entry("team", &field(3, b"fo\"rum")),
        entry("half", &number(1.5)),
        entry("many", &number(1_234_567.0)),
        entry("flag", &[4 << 3, 1]),
        entry("nothing", &[1 << 3, 0]),
        entry(
            "user",
            &field(5, &[entry("name", &name), entry("age", &number(7.0))].concat()),
        ),
        entry("all", &field(6, &list)),
    ]
    .concat()
}

async fn answer_http(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let line = format!("{} {}", request.method(), request.uri());
    let headers = request.headers().clone();
    let what = headers
        .get("x-ask")
        .map_or("", |what| what.to_str().unwrap())
        .to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let (status, text) = match what.as_str() {
        "yes" => (200, ""),
        "no" => (401, "go away"),
        "redirect" => (302, ""),
        "gone" => (200, ""),
        _ => (503, "broken"),
    };
    let mut told = Response::builder()
        .status(status)
        .header("x-user", "ada")
        .header("x-allow", "1")
        .header("x-allow", "2")
        .header("x-deny", "because")
        .header("x-other", "o")
        .header("x-saw", saw(&line, &headers, body.len()));
    if status == 302 {
        told = told.header("location", "/login").header("set-cookie", "a=b");
    }
    if what == "gone" {
        told = told.header("x-envoy-auth-headers-to-remove", "x-ask, x-ab");
    }
    told.body(Full::new(Bytes::from(text))).unwrap()
}

/// A field of a message.
pub fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let (mut out, mut size) = (vec![number << 3 | 2], content.len());
    while size >= 128 {
        out.push(size as u8 | 128);
        size >>= 7;
    }
    out.push(size as u8);
    [&out[..], content].concat()
}

/// `HeaderValueOption`.
fn option(name: &str, value: &str, append: bool) -> Vec<u8> {
    let header = [field(1, name.as_bytes()), field(2, value.as_bytes())].concat();
    let append = if append { field(2, &[8, 1]) } else { Vec::new() };
    [field(1, &header), append].concat()
}

/// As much of a `CheckRequest` as a scene looks at: the value behind a header's name.
fn value(message: &[u8], name: &str) -> Option<String> {
    let key = field(1, name.as_bytes());
    let at = message.windows(key.len()).position(|part| part == key)? + key.len();
    let length = *message.get(at + 1)? as usize;
    Some(String::from_utf8_lossy(message.get(at + 2..at + 2 + length)?).into_owned())
}

/// Each way to put a header beside one that is there, and parameters of the query.
fn mutations() -> Vec<u8> {
    let action = |name: &str, value: &str, action: u8| {
        let header = [field(1, name.as_bytes()), field(2, value.as_bytes())].concat();
        [field(1, &header), vec![3 << 3, action]].concat()
    };
    let parameter = |key: &str, value: &str| [field(1, key.as_bytes()), field(2, value.as_bytes())].concat();
    let mut ok = Vec::new();
    for (number, name) in ["x-add", "x-absent", "x-set", "x-present"].iter().enumerate() {
        for (which, header) in [("here", format!("{name}-here")), ("new", format!("{name}-new"))] {
            let said = action(&header, which, u8::try_from(number).unwrap());
            // The request's, and the answer's.
            ok.extend([field(2, &said), field(6, &said)].concat());
        }
    }
    ok.extend(field(7, &parameter("x", "2")));
    ok.extend(field(7, &parameter("new", "3")));
    ok.extend(field(8, b"gone"));
    [field(1, &[]), field(3, &ok)].concat()
}

pub async fn answer_grpc(request: Request<Incoming>) -> Response<Frames> {
    assert_eq!(request.uri().path(), "/envoy.service.auth.v3.Authorization/Check");
    let host = request.uri().authority().unwrap().to_string();
    let message = request.into_body().collect().await.unwrap().to_bytes();
    let seen: Vec<String> = [
        ":path",
        ":method",
        ":authority",
        "x-ab",
        "x-secret",
        "x-envoy-auth-partial-body",
    ]
    .iter()
    .filter_map(|name| Some(format!("{name}={}", value(&message, name)?)))
    .collect();
    let body = message.windows(4).any(|part| part == b"yyyy");
    let seen = format!("{} body={body} {host}", seen.join(" "));
    let what = value(&message, "x-ask").unwrap_or_default();
    let told = match what.as_str() {
        "mutate" => mutations(),
        "told" => [field(1, &[]), field(3, &[]), field(4, &metadata())].concat(),
        "told no" => [field(1, &[8, 7]), field(4, &metadata())].concat(),
        "yes" | "gone" => {
            let mut ok = [
                field(2, &option("x-user", "ada", false)),
                field(2, &option("x-ab", "more", true)),
                field(6, &option("x-allow", "1", false)),
            ]
            .concat();
            if what == "gone" {
                ok.extend(field(5, b"x-ask"));
            }
            [field(1, &[]), field(3, &ok)].concat()
        }
        "no" => {
            let denied = [
                field(1, &[8, 0x91, 3]),
                field(2, &option("x-deny", "because", false)),
                field(3, b"go away"),
            ];
            [field(1, &[8, 7]), field(2, &denied.concat())].concat()
        }
        "redirect" => field(1, &[8, 16]),
        _ => vec![0xff],
    };
    // The scene is about what was seen, too: a wrong question has another answer.
    assert!(seen.contains("opa.ops.svc.cluster.local"), "{seen}");
    let mut framed = BytesMut::from(&[0][..]);
    framed.extend_from_slice(&(told.len() as u32).to_be_bytes());
    framed.extend_from_slice(&told);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let frames = [Frame::data(framed.freeze()), Frame::trailers(trailers)];
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Frames(frames.into()))
        .unwrap()
}
