//! What collectors of OpenTelemetry are told of requests and connections: records of the access log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode, OutboundListener, OutboundProtocol};
use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{AccessLog, Tracing, TracingProvider};
use mesh_wire::telemetry::{AccessLogOptions, AnotherLog, Side};

use super::prefix;
use crate::plane::Way;
use crate::raw;
use crate::support::protobuf::{fields, inside};
use crate::support::{backend, snapshot::forward};
use crate::world::{Came, World};

const COLLECTOR: &str = "outbound|4317||collector.ops.svc.cluster.local";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";

/// What came: path, headers, and the message.
type Taken = Arc<Mutex<Vec<(String, BTreeMap<String, String>, Bytes)>>>;

async fn collector(taken: Taken) -> SocketAddr {
    backend::http2(move |request: Request<Incoming>| {
        let taken = taken.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let headers = parts.headers.iter();
            let mut headers: BTreeMap<String, String> = headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let authority = parts.uri.authority().unwrap().to_string();
            headers.insert(":authority".to_owned(), authority);
            taken
                .lock()
                .unwrap()
                .push((parts.uri.path().to_owned(), headers, body));
            let answer = Response::builder().header("content-type", "application/grpc");
            answer
                .header("grpc-status", "0")
                .body(Full::new(Bytes::new()))
                .unwrap()
        }
    })
    .await
}

/// A world whose requests are told to a collector, in three ways.
pub async fn world() -> World {
    let mut world = World::new("collected").await;
    let taken = Taken::default();
    let collecting = collector(taken.clone()).await;
    world.cluster(COLLECTOR, &[collecting]).http = HttpVersion::Http2;
    let log = |form, fields: &[(&str, &str)], filter: Option<&str>, at| AnotherLog {
        form,
        options: AccessLogOptions {
            filter: filter.map(str::to_owned),
            at,
            fields: fields
                .iter()
                .map(|(key, format)| ((*key).to_owned(), (*format).to_owned()))
                .collect(),
            file: None,
            cluster: Some(COLLECTOR.to_owned()),
        },
    };
    let own = [
        ("log", "own"),
        ("dialled from", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
        ("a \"key\"", "x%REQ(X-QUOTED)%y%REQ(X-NONE)%"),
        ("cut", "%REQ(X-QUOTED):3%"),
        ("code", "%RESPONSE_CODE%"),
        ("bare", "%REQ_WITHOUT_QUERY(:PATH)%"),
        ("told", "%RESP(SERVER)%"),
    ];
    let line = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% \"%REQ(X-QUOTED)%\" %PROTOCOL%";
    let telemetry = world.snapshot.telemetry.as_mut().unwrap();
    telemetry.more_access_logs = vec![
        log(AccessLog::Json, &[], None, None),
        log(AccessLog::Json, &own, Some("response.code >= 400"), None),
        log(
            AccessLog::Text(Some(line.to_owned())),
            &[],
            None,
            Some(Side::Client),
        ),
    ];
    telemetry.tracing = Some(Tracing {
        cluster: COLLECTOR.to_owned(),
        provider: TracingProvider::Otlp,
        sampling: PerMillion(0),
        tags: BTreeMap::new(),
    });
    let [(_, a), (_, b), _] = world.apps;
    for (name, endpoints) in [("a", &[a][..]), ("none", &[])] {
        world.cluster(name, endpoints);
    }
    let routes = vec![prefix("/none", forward("none")), prefix("/", forward("a"))];
    world.host("collected", routes);
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
    world.scene("collected", move |plane, world| {
        let taken = taken.clone();
        Box::pin(async move {
            let mut came = Came::new();
            for (label, way, to, bytes) in asks(b) {
                let stream = plane.dial(way, to).await;
                let from = stream.local_addr().unwrap().to_string();
                raw::exchanged(stream, label, bytes.as_bytes()).await;
                // One for each log, and what a connection that broke would add.
                let count = 1 + usize::from(way == Way::Out) + usize::from(label.contains("bad"));
                for (number, record) in told(&taken, &from, count).await.iter().enumerate() {
                    came.extend(seen(&format!("{label} {number}"), record, world));
                }
            }
            came.extend(asked(&taken));
            came
        })
    });
    world
}

fn asks(b: SocketAddr) -> Vec<(&'static str, Way, SocketAddr, String)> {
    let out = SocketAddr::from(([10, 96, 1, 10], 80));
    let get = |path: &str, more: &str| {
        let host = "Host: collected.test\r\nConnection: close\r\nx-do: body=5\r\nx-quoted: say \"so\"\r\n";
        format!("GET {path} HTTP/1.1\r\n{host}{more}\r\n")
    };
    let traced = |sampled: &str| format!("traceparent: 00-{TRACE}-0020000000000001-{sampled}\r\n");
    let db = SocketAddr::from(([10, 96, 1, 20], 3306));
    vec![
        (
            "plain",
            Way::Out,
            out,
            get("/posts?a=1", "User-Agent: curl/8\r\n"),
        ),
        ("bad", Way::Out, out, get("/none?a=1", "")),
        ("sampled", Way::Out, out, get("/traced", &traced("01"))),
        ("not sampled", Way::Out, out, get("/traced", &traced("00"))),
        ("bytes", Way::Out, db, "ping".to_owned()),
        (
            "inward",
            Way::In,
            b,
            get("/posts", "x-forwarded-for: 10.1.2.3\r\n"),
        ),
    ]
}

/// The records of who dialled from there, once there are as many.
async fn told(taken: &Taken, from: &str, count: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for _ in 0..500 {
        found.clear();
        for (path, _, message) in taken.lock().unwrap().iter() {
            if path == LOGS {
                let records = inside(&message[5..], &[1, 2, 2]).into_iter();
                let of = |record: &&[u8]| is_of(record, from);
                found.extend(records.filter(of).map(<[u8]>::to_vec));
            }
        }
        if found.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    found.sort_by_key(|record| (inside(record, &[6]).len(), record.clone()));
    found
}

/// The record is of who dialled from there. Others have this address too: who dials somebody else may have the same port.
fn is_of(record: &[u8], from: &str) -> bool {
    let said = |key: &str| {
        let pairs = inside(record, &[6]).into_iter();
        let of_key = |pair: &&[u8]| inside(pair, &[1]).first() == Some(&key.as_bytes());
        let values: Vec<_> = pairs
            .filter(of_key)
            .flat_map(|pair| inside(pair, &[2, 1]))
            .collect();
        values
    };
    let remote = said("downstream_remote_address");
    if !remote.is_empty() {
        return remote == [from.as_bytes()];
    }
    let body = inside(record, &[5, 1]).concat();
    let body = String::from_utf8_lossy(&body).into_owned();
    body.split([' ', '"']).any(|word| word == from)
}

/// What a record says, without what chance decides.
fn seen(place: &str, record: &[u8], world: &World) -> Came {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let numbers: Vec<String> = fields(record)
        .iter()
        .map(|(number, _)| number.to_string())
        .collect();
    let mut came = vec![(format!("{place} fields"), numbers.join(" "))];
    for body in inside(record, &[5, 1]) {
        came.push((format!("{place} body"), settled(&text(body), world)));
    }
    for pair in inside(record, &[6]) {
        let key = text(inside(pair, &[1])[0]);
        let value = text(inside(pair, &[2, 1])[0]);
        came.push((format!("{place} {key}"), settled(&value, world)));
    }
    for trace in inside(record, &[9]) {
        let own = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
        came.push((format!("{place} trace"), (trace == own).to_string()));
    }
    for span in inside(record, &[10]) {
        came.push((format!("{place} span"), span.len().to_string()));
    }
    came
}

/// Without what chance decides: IDs, and digits, of which there are as many in spans and ports as it wants.
fn settled(value: &str, world: &World) -> String {
    let mut value = value.to_owned();
    for (app, address) in world.apps {
        value = value.replace(&address.to_string(), &format!("APP-{app}"));
    }
    let is_id = |part: &[u8]| {
        let mut bytes = part.iter().enumerate();
        bytes.all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    while let Some(at) = value.as_bytes().windows(36).position(is_id) {
        value.replace_range(at..at + 36, "ID");
    }
    let mut out = String::new();
    for char in value.chars() {
        match char {
            '0'..='9' if out.ends_with('0') => {}
            '0'..='9' => out.push('0'),
            other => out.push(other),
        }
    }
    out
}

/// How the collector is asked.
fn asked(taken: &Taken) -> Came {
    let taken = taken.lock().unwrap();
    let mut came = Came::new();
    if let Some((_, headers, message)) = taken.iter().find(|(path, _, _)| path == LOGS) {
        for name in ["content-type", "te", ":authority"] {
            let value = headers.get(name).cloned().unwrap_or_default();
            came.push((format!("header {name}"), value));
        }
        let resource = inside(&message[5..], &[1, 1, 1]).len().to_string();
        came.push(("attributes of the resource".to_owned(), resource));
    }
    came
}
