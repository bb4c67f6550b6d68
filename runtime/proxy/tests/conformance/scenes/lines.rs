//! Istio's default line of the access log: the same, but for moments, spans and ports that chance gives.

use std::net::SocketAddr;

use mesh_wire::listener::{InboundProtocol, MtlsMode, OutboundListener, OutboundProtocol};
use mesh_wire::route::{Redirect, RouteAction};
use mesh_wire::snapshot::AccessLog;

use super::{action, prefix};
use crate::plane::Way;
use crate::raw;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

/// What clients may write otherwise than it is looked at.
const PATHS: [&str; 14] = [
    "/a\"b", "/a<b>", "/a{b}", "/a^b", "/a|b", "/a\\b", "/a%7Eb", "/a%22b", "/a%b", "/a%2fb", "/a;b,c",
    "/a[b]", "/a'b", "/ä",
];

/// A world whose log is of text.
pub async fn world() -> World {
    let mut world = World::new("text").await;
    let telemetry = world.snapshot.telemetry.as_mut().unwrap();
    telemetry.access_log = Some(AccessLog::Text(None));
    telemetry.access_log_options.fields.clear();
    let [(_, a), (_, b), _] = world.apps;
    let gone = SocketAddr::from(([127, 0, 0, 1], 1));
    for (name, endpoints) in [("a", &[a][..]), ("gone", &[gone]), ("none", &[])] {
        world.cluster(name, endpoints);
    }
    let mut rewritten = forward("a");
    rewritten.path_rewrite = Some(mesh_wire::route::PathRewrite::Prefix("/new".to_owned()));
    rewritten.host_rewrite = Some("other.test".to_owned());
    let moved = Redirect {
        status: 302,
        scheme: None,
        host: Some("new.test".to_owned()),
        port: None,
        path: None,
    };
    world.host(
        "lines",
        vec![
            prefix("/gone", forward("gone")),
            prefix("/none", forward("none")),
            prefix("/old", rewritten),
            action("/moved", RouteAction::Redirect(moved)),
            prefix("/", forward("a")),
        ],
    );
    let echo = raw::echo().await;
    world.cluster("echo", &[echo]);
    world.snapshot.outbound.push(OutboundListener {
        name: "0.0.0.0_3306".to_owned(),
        addresses: Vec::new(),
        port: 3306,
        protocol: OutboundProtocol::Tcp {
            clusters: forward("echo").clusters,
            routes: Vec::new(),
        },
    });
    world.inbound(b.port(), InboundProtocol::Http, MtlsMode::Disable);
    let strict = crate::app::serve("strict", world.tries.clone()).await;
    world.inbound(strict.port(), InboundProtocol::Http, MtlsMode::Strict);
    let asks = asks(b, strict);
    world.scene("lines", move |plane, world| {
        let asks = asks.clone();
        Box::pin(async move {
            let mut came = Came::new();
            for (label, way, to, bytes) in &asks {
                let log = plane.log().end();
                let stream = plane.dial(*way, *to).await;
                raw::exchanged(stream, label, bytes.as_bytes()).await;
                let lines = plane.log().lines(log).await;
                came.push((format!("{label} lines"), lines.len().to_string()));
                for line in lines {
                    let fields = fields(label, &line, world);
                    let only = match *label {
                        "no request" => Some("details"),
                        path if path.starts_with('/') => Some("request"),
                        _ => None,
                    };
                    came.extend(
                        fields
                            .into_iter()
                            .filter(|(what, _)| only.is_none_or(|only| what.ends_with(only))),
                    );
                }
            }
            came
        })
    });
    world
}

type Said = (&'static str, Way, SocketAddr, String);

/// What is said to each, on a connection of its own.
fn asks(b: SocketAddr, strict: SocketAddr) -> Vec<Said> {
    let out = SocketAddr::from(([10, 96, 1, 10], 80));
    let get = |path: &str, more: &str| {
        let host = "Host: lines.test\r\nConnection: close\r\nx-do: body=5\r\n";
        format!("GET {path} HTTP/1.1\r\n{host}{more}\r\n")
    };
    let other = |request: &str| format!("{request}\r\nConnection: close\r\n\r\n");
    let mut asks = vec![
        (
            "plain",
            Way::Out,
            out,
            get("/posts?a=1", "User-Agent: curl/8\r\n"),
        ),
        (
            "forwarded",
            Way::Out,
            out,
            get("/posts", "x-forwarded-for: 10.1.2.3, 10.4.5.6\r\n"),
        ),
        ("rewritten", Way::Out, out, get("/old/1", "")),
        ("moved", Way::Out, out, get("/moved", "")),
        ("no endpoint", Way::Out, out, get("/none", "")),
        ("nobody there", Way::Out, out, get("/gone", "")),
        (
            "no such host",
            Way::Out,
            out,
            other("GET / HTTP/1.1\r\nHost: nobody.test"),
        ),
        (
            "no request",
            Way::Out,
            out,
            other("GET / HTTP/1.1\r\nbad name: 1"),
        ),
        (
            "bytes",
            Way::Out,
            ([10, 96, 1, 20], 3306).into(),
            "ping".to_owned(),
        ),
        (
            "inward",
            Way::In,
            b,
            get("/posts", "x-forwarded-for: 10.1.2.3\r\n"),
        ),
        ("refused", Way::In, strict, get("/", "")),
    ];
    for path in PATHS {
        asks.push((path, Way::Out, out, get(path, "")));
    }
    asks
}

/// Each field by its place, without what chance decides.
fn fields(label: &str, line: &str, world: &World) -> Came {
    const NAMES: [&str; 24] = [
        "start",
        "request",
        "code",
        "flags",
        "details",
        "termination",
        "failure",
        "received",
        "sent",
        "duration",
        "upstream time",
        "forwarded for",
        "user agent",
        "request id",
        "authority",
        "upstream host",
        "cluster",
        "upstream local",
        "local",
        "remote",
        "server name",
        "route",
        "too many",
        "too many",
    ];
    let mut values = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (value, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest
                .split_once(' ')
                .map_or((rest, ""), |(value, _)| (value, &rest[value.len()..])),
        };
        values.push(value);
        rest = behind.strip_prefix(' ').unwrap_or(behind);
    }
    let named = NAMES.iter().zip(values).map(|(name, value)| {
        let mut value = value.to_owned();
        for (app, address) in world.apps {
            value = value.replace(&address.to_string(), &format!("APP-{app}"));
        }
        let digits = |value: &str| value.replace(|char: char| char.is_ascii_digit(), "0");
        let value = match *name {
            "start" => digits(&value),
            "duration" | "upstream time" => value.replace(|char: char| char.is_ascii_digit(), ""),
            "request id" => digits(&value).len().to_string(),
            "upstream local" | "remote" | "local" | "upstream host" => {
                let port = value.rsplit_once(':').filter(|(_, port)| port.len() > 4);
                port.map_or(value.clone(), |(host, _)| format!("{host}:PORT"))
            }
            _ => value,
        };
        (format!("{label} {name}"), value)
    });
    named.collect()
}
