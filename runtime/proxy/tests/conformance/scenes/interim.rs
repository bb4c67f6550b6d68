//! What endpoints say before their answers: that they want the body, and what the answer will need.

use std::net::SocketAddr;
use std::time::Duration;

use mesh_wire::Millis;
use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::policy::{Action, Permission, Policy, Principal};
use mesh_wire::route::{DirectResponse, Retry, RouteAction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{action, prefix};
use crate::app::Tries;
use crate::plane::{DataPlane, Way};
use crate::support::snapshot::forward;
use crate::world::{Came, World};

const EXPECTS: &str = "Expect: 100-continue\r\n";
const HINT: &str = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
const WELL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-tried: ";

/// Says what its path asks for.
async fn scripted(tries: Tries) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(follow(stream, tries.clone()));
        }
    });
    address
}

async fn follow(mut stream: TcpStream, tries: Tries) -> Option<()> {
    loop {
        let head = until(&mut stream, "\r\n\r\n").await?;
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("x-key: "))?
            .to_owned();
        let tried = {
            let mut tries = tries.lock().unwrap();
            let tried = tries.entry(key).or_default();
            *tried += 1;
            *tried
        };
        let path = head.split(' ').nth(1)?.to_owned();
        let own = head
            .lines()
            .find(|line| line.to_lowercase().starts_with("expect:"))
            .unwrap_or("no expect");
        let well = format!("{WELL}{tried}\r\nx-heard: {own}\r\n\r\ndone");
        let before = match path.trim_start_matches("/again").trim_start_matches("/one") {
            "/hint" => HINT.to_owned(),
            "/hints" => HINT.repeat(3),
            "/processing" => "HTTP/1.1 102 Processing\r\n\r\n".to_owned(),
            "/other" => "HTTP/1.1 199 Whatever\r\nx-a: b\r\n\r\n".to_owned(),
            "/unasked" | "/wanted" => "HTTP/1.1 100 Continue\r\nx-from: endpoint\r\n\r\n".to_owned(),
            "/both" => format!("{HINT}HTTP/1.1 100 Continue\r\n\r\n{HINT}"),
            _ => String::new(),
        };
        stream.write_all(before.as_bytes()).await.ok()?;
        if path.ends_with("/refused") {
            let refused = "HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(refused.as_bytes()).await.ok()?;
            continue;
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        // Who is told something on the way is told it then.
        tokio::time::sleep(Duration::from_millis(30)).await;
        if path.starts_with("/again") {
            let failed = "HTTP/1.1 503 No\r\ncontent-length: 0\r\nx-tried: ";
            stream
                .write_all(format!("{failed}{tried}\r\n\r\n").as_bytes())
                .await
                .ok()?;
        } else {
            stream.write_all(well.as_bytes()).await.ok()?;
        }
    }
}

async fn until(stream: &mut TcpStream, end: &str) -> Option<String> {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(end.as_bytes()) {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        read.push(byte[0]);
    }
    String::from_utf8(read).ok()
}

pub async fn put(world: &mut World) {
    let endpoint = scripted(world.tries.clone()).await;
    world.cluster("interim", &[endpoint]).http = HttpVersion::Http1;
    let mut again = forward("interim");
    again.retry = Some(Retry {
        on: vec!["5xx".to_owned()],
        attempts: 2,
        per_try_timeout: Millis(0),
        ..Retry::default()
    });
    let respond = DirectResponse {
        status: 418,
        body: "no".to_owned(),
    };
    world.host(
        "interim",
        vec![
            prefix("/again", again),
            action("/own", RouteAction::Respond(respond)),
            prefix("/", forward("interim")),
        ],
    );
    let inbound = world.inbound(endpoint.port(), InboundProtocol::Http, MtlsMode::Disable);
    let denied = Policy {
        action: Action::Deny,
        dry_run: false,
        permissions: vec![Permission::Path(mesh_wire::matcher::StringMatch::Prefix(
            "/denied".to_owned(),
        ))],
        principals: vec![Principal::Any],
    };
    inbound.policy.policies.insert("no".to_owned(), denied);
    world.scene("interim", move |plane, _| {
        Box::pin(async move {
            let out = SocketAddr::from(([10, 96, 1, 10], 80));
            let mut came = Came::new();
            for path in [
                "/hint",
                "/hints",
                "/processing",
                "/other",
                "/unasked",
                "/again/hint",
            ] {
                came.push((path.to_owned(), said(plane, Way::Out, out, path, None).await));
            }
            for path in [
                "/wanted",
                "/both",
                "/silent",
                "/refused",
                "/own",
                "/again/wanted",
                "/again/silent",
            ] {
                let label = format!("{path} expecting");
                came.push((label, said(plane, Way::Out, out, path, Some(EXPECTS)).await));
            }
            for path in ["/wanted", "/refused", "/denied", "/hint"] {
                let label = format!("inward {path} expecting");
                came.push((label, said(plane, Way::In, endpoint, path, Some(EXPECTS)).await));
            }
            came
        })
    });
}

/// All that comes back; who expects to be told to go on waits for that a while, and then goes on.
async fn said(plane: &dyn DataPlane, way: Way, to: SocketAddr, path: &str, expects: Option<&str>) -> String {
    let mut stream = plane.dial(way, to).await;
    let more = expects.map_or(String::new(), |expects| format!("{expects}Content-Length: 4\r\n"));
    let method = if expects.is_some() { "POST" } else { "GET" };
    let key = format!("{}{}-{path}", plane.name(), to.port());
    let head = format!("{method} {path} HTTP/1.1\r\nHost: interim.test\r\nx-key: {key}\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = Vec::new();
    if expects.is_some() {
        loop {
            let part = tokio::time::timeout(Duration::from_millis(400), until(&mut stream, "\r\n\r\n")).await;
            match part {
                Ok(Some(part)) => {
                    let goes_on = part.starts_with("HTTP/1.1 100");
                    let over = !part.starts_with("HTTP/1.1 1");
                    told.push(part);
                    if over {
                        return told_of(&told);
                    }
                    if goes_on {
                        break;
                    }
                }
                Ok(None) => return format!("{} closed", told_of(&told)),
                Err(_) => {
                    told.push("(waited)".to_owned());
                    break;
                }
            }
        }
        let _sent = stream.write_all(b"body").await;
    }
    loop {
        let part = tokio::time::timeout(Duration::from_secs(3), until(&mut stream, "\r\n\r\n")).await;
        let Ok(Some(part)) = part else {
            return format!("{} nothing more", told_of(&told));
        };
        let over = !part.starts_with("HTTP/1.1 1");
        told.push(part);
        if over {
            return told_of(&told);
        }
    }
}

fn told_of(parts: &[String]) -> String {
    let lines = |part: &String| {
        let mut lines: Vec<String> = part
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_lowercase)
            .filter(|line| !line.starts_with("date:") && !line.contains("service-time"))
            .collect();
        if let Some((status, head)) = lines.split_first_mut() {
            // How a status is called is anybody's choice.
            *status = status.split(' ').take(2).collect::<Vec<_>>().join(" ");
            head.sort_unstable();
        }
        lines.join("; ")
    };
    parts.iter().map(lines).collect::<Vec<_>>().join(" + ")
}
