//! Requests of HTTP/2 to become something else, frame by frame, and WebSockets to applications of HTTP/2.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::prefix;
use crate::plane::{DataPlane, Way};
use crate::raw;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

const QUIET: Duration = Duration::from_millis(300);
const END_HEADERS: u8 = 4;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const AWAY: u8 = 7;
/// RFC 8441: who sends it takes `:protocol`.
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

pub fn put(world: &mut World) {
    let [(_, a), ..] = world.apps;
    world.cluster("tunnels-2", &[a]).http = mesh_wire::cluster::HttpVersion::Http2;
    world.host(
        "tunnels",
        vec![prefix("/2", forward("tunnels-2")), prefix("/", forward("a"))],
    );
    world.scene("tunnels", |plane, _| {
        Box::pin(async move {
            let socket: &[(&str, &str)] = &[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":path", "/socket"),
                (":authority", "tunnels.test"),
            ];
            let tunnel: &[(&str, &str)] = &[(":method", "CONNECT"), (":authority", "tunnels.test:80")];
            let mut came = Came::new();
            for (label, fields) in [("WebSocket", socket), ("CONNECT", tunnel)] {
                came.extend(frames(plane, label, fields).await);
            }
            let to = ([10, 96, 1, 10], 80).into();
            let asked = "GET /2/socket HTTP/1.1\r\nHost: tunnels.test\r\nx-key: tunnels\r\nConnection: Upgrade\r\n\
                         Upgrade: websocket\r\n\r\n";
            let seen = raw::said(plane, Way::Out, to, "WebSocket to HTTP/2", asked.as_bytes()).await;
            let told = |what: &str| seen.iter().find(|(own, _)| own.ends_with(what)).map(|(_, value)| value.clone());
            let status = told("answer").unwrap_or_default();
            let status: Vec<&str> = status.split(' ').take(2).collect();
            let (flags, details) = (told("log flags").unwrap_or_default(), told("log details").unwrap_or_default());
            came.push(("WebSocket to HTTP/2".to_owned(), format!("{} {flags} {details}", status.join(" "))));
            came
        })
    });
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    [&[0, 0, size, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The frames that come back for a request of `fields`, until nothing more comes.
async fn frames(plane: &dyn DataPlane, label: &str, fields: &[(&str, &str)]) -> Came {
    // Literals that nobody is to remember.
    let literal = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let block = fields
        .iter()
        .flat_map(|(name, value)| [vec![0], literal(name), literal(value)].concat());
    let block: Vec<u8> = block.collect();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, END_HEADERS, 1, &block));
    let mut stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
    stream.write_all(&bytes).await.unwrap();
    let mut back = Vec::new();
    let end = loop {
        match tokio::time::timeout(QUIET, stream.read_buf(&mut back)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => break "closed",
            Err(_) => break "open",
        }
    };
    let (mut enabled, mut told) = (false, Vec::new());
    while let Some((head, rest)) = back.split_at_checked(9) {
        let size = usize::from(head[1]) << 8 | usize::from(head[2]);
        let Some((payload, rest)) = rest.split_at_checked(size) else {
            break;
        };
        let code = |from: usize| payload.get(from + 3).copied().unwrap_or_default();
        match head[3] {
            SETTINGS => {
                let mut settings = payload.chunks_exact(6);
                enabled |= settings.any(|own| {
                    u16::from_be_bytes([own[0], own[1]]) == ENABLE_CONNECT_PROTOCOL && own[5] == 1
                });
            }
            HEADERS => told.push("answered".to_owned()),
            RESET => told.push(format!("reset {}", code(0))),
            AWAY => told.push(format!("the connection ends {}", code(4))),
            _ => {}
        }
        back = rest.to_vec();
    }
    vec![
        (format!("{label} offered"), enabled.to_string()),
        (format!("{label} frames"), told.join(", ")),
        (format!("{label} end"), end.to_owned()),
    ]
}
