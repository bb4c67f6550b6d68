//! Connections that others decide about, asked by gRPC: what comes of them, and what is told of who is at their ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming};
use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBy, Authorizer};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, Permission as P, Policy, PolicySet, Principal};

use super::asked::{field, metadata};
use crate::app::Frames;
use crate::plane::Way;
use crate::raw;
use crate::support::backend;
use crate::support::envoy::free;
use crate::world::World;

/// What an authorizer was told, by the client's address.
pub type Told = Arc<Mutex<BTreeMap<String, String>>>;

/// One connection.
#[derive(Clone, Debug)]
struct Call {
    label: String,
    to: SocketAddr,
    mesh: bool,
    bytes: &'static [u8],
}

pub async fn put(world: &mut World) {
    let told = Told::default();
    let noted = told.clone();
    let authorizer = backend::http2(move |request| answer(request, noted.clone())).await;
    world.cluster("asked-connections", &[authorizer]).http = HttpVersion::Http2;
    world.cluster("asked-by-nobody", &[free()]).http = HttpVersion::Http2;
    let mut calls = Vec::new();
    for open in [false, true] {
        for what in ["yes", "no", "broken", "status", "silent", "nobody"] {
            let label = format!("{what}{}", if open { " open" } else { "" });
            calls.push(call(world, &label, InboundProtocol::Tcp, false, of(what, open)).await);
        }
    }
    for what in ["yes", "no"] {
        let label = format!("{what} of the mesh");
        calls.push(call(world, &label, InboundProtocol::Tcp, true, of(what, false)).await);
        let label = format!("{what} detected");
        calls.push(call(world, &label, InboundProtocol::Detect, false, of(what, false)).await);
    }
    let mut other = of("no", false);
    asks(&mut other, P::DestinationPort(1));
    calls.push(call(world, "another port", InboundProtocol::Tcp, false, other).await);
    let mut unknown = of("no", false);
    asks(&mut unknown, P::Header(header()));
    calls.push(call(world, "of requests", InboundProtocol::Detect, false, unknown).await);
    let mut by_http = of("no", false);
    by_http.by = AskedBy::Http {
        path_prefix: None,
        send: Vec::new(),
        add: BTreeMap::new(),
        upstream: Vec::new(),
        allow: Vec::new(),
        deny: Vec::new(),
    };
    calls.push(call(world, "asked by HTTP", InboundProtocol::Detect, false, by_http).await);
    let refused = call(world, "yes, but", InboundProtocol::Tcp, false, of("yes", false)).await;
    world.snapshot.inbound.last_mut().unwrap().policy = PolicySet {
        policies: BTreeMap::from([("no".to_owned(), policy(P::Any))]),
    };
    calls.push(refused);
    world.scene("connections asked", move |plane, world| {
        let (calls, told) = (calls.clone(), told.clone());
        Box::pin(async move {
            let mut came = Vec::new();
            for call in calls {
                let (label, bytes) = (&call.label, call.bytes);
                let (remote, seen) = if call.mesh {
                    raw::said_by_peer(plane, world, call.to, label, bytes).await
                } else {
                    raw::said_by(plane, Way::In, call.to, label, bytes).await
                };
                came.extend(seen);
                let heard = told.lock().unwrap().remove(&remote.to_string());
                let heard = heard.map(|text| text.replace(&call.to.to_string(), "APP"));
                came.push((format!("{} heard", call.label), heard.unwrap_or_default()));
            }
            came
        })
    });
}

/// A port whose connections `one` decides about.
async fn call(
    world: &mut World,
    label: &str,
    protocol: InboundProtocol,
    mesh: bool,
    one: Authorizer,
) -> Call {
    let to = raw::echo().await;
    let mtls = if mesh { MtlsMode::Strict } else { MtlsMode::Disable };
    world.inbound(to.port(), protocol, mtls).authorizers = vec![one];
    Call {
        label: label.to_owned(),
        to,
        mesh,
        bytes: b"\x01\x02 ping\r\n\r\n",
    }
}

fn of(what: &str, fail_open: bool) -> Authorizer {
    let cluster = match what {
        "nobody" => "asked-by-nobody",
        _ => "asked-connections",
    };
    Authorizer {
        name: "opa".to_owned(),
        cluster: cluster.to_owned(),
        host: format!("{what}.opa.test"),
        timeout: Millis(if what == "silent" { 100 } else { 5000 }),
        fail_open,
        status_on_error: Some(503),
        body: None,
        by: AskedBy::Grpc,
        policies: BTreeMap::from([("ns[forum]-policy[ask]-rule[0]".to_owned(), policy(P::Any))]),
    }
}

fn policy(permission: P) -> Policy {
    Policy {
        action: Action::Deny,
        permissions: vec![permission],
        principals: vec![Principal::Any],
        dry_run: false,
    }
}

fn asks(one: &mut Authorizer, permission: P) {
    for own in one.policies.values_mut() {
        *own = policy(permission.clone());
    }
}

fn header() -> HeaderMatch {
    HeaderMatch {
        name: "x-a".to_owned(),
        value: Some(StringMatch::Exact("1".to_owned())),
        invert: false,
    }
}

/// The field of a message, and of the message in it, and so on.
fn within<'a>(message: &'a [u8], path: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = match path {
        [first, rest @ ..] => (*first, rest),
        [] => return Some(message),
    };
    let mut left = message;
    while let [key, after @ ..] = left {
        let mut size = 0;
        let mut count = 0;
        for byte in after {
            size |= usize::from(byte & 127) << (7 * count);
            count += 1;
            if byte & 128 == 0 {
                break;
            }
        }
        let content = &after[count..];
        let (own, behind) = match key & 7 {
            0 => (&after[..count], content),
            _ => content.split_at(size),
        };
        if key >> 3 == first {
            return within(own, rest);
        }
        left = behind;
    }
    None
}

/// An end of the connection: address and principal.
fn end(message: &[u8], which: u8) -> (String, String) {
    let text = |path: &[u8]| {
        let found = within(message, &[&[1, which], path].concat()).unwrap_or_default();
        String::from_utf8_lossy(found).into_owned()
    };
    let port = within(message, &[1, which, 1, 1, 3]).unwrap_or_default();
    let port = port
        .iter()
        .rev()
        .fold(0_u32, |all, byte| all << 7 | u32::from(byte & 127));
    (format!("{}:{port}", text(&[1, 1, 2])), text(&[4]))
}

pub async fn answer(request: Request<Incoming>, told: Told) -> Response<Frames> {
    let host = request.uri().host().unwrap().to_owned();
    let message = request.into_body().collect().await.unwrap().to_bytes();
    let message = &message[5..];
    let ((source, caller), (destination, called)) = (end(message, 1), end(message, 2));
    let more = within(message, &[1, 4]).is_some();
    let heard = format!("{caller} -> {destination} {called} more={more}");
    told.lock().unwrap().insert(source, heard);
    let content = match host.split('.').next().unwrap() {
        "yes" => Some(field(1, &[])),
        "told" => Some([field(1, &[]), field(4, &metadata())].concat()),
        "no" => Some(field(1, &[8, 7])),
        "broken" => Some(vec![0xff]),
        "silent" => std::future::pending().await,
        _ => None,
    };
    let mut trailers = HeaderMap::new();
    let status = if content.is_some() { "0" } else { "14" };
    trailers.insert("grpc-status", status.parse().unwrap());
    let mut framed = BytesMut::new();
    if let Some(content) = content {
        framed
            .extend_from_slice(&[&[0, 0, 0, 0, u8::try_from(content.len()).unwrap()], &content[..]].concat());
    }
    let frames = [Frame::data(Bytes::from(framed)), Frame::trailers(trailers)];
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Frames(frames.into()))
        .unwrap()
}
