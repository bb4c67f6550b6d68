//! Bodies that come slowly, end early, or are answered before they have come.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use mesh_wire::Millis;
use mesh_wire::cluster::HttpVersion;
use mesh_wire::route::{Forward, Retry};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::prefix;
use crate::ask::get;
use crate::plane::{DataPlane, Way};
use crate::support::snapshot::forward;
use crate::world::{Came, World};

/// Longer than what any of them reads at once.
const SIZE: usize = 40_000;

/// Who leaves when the body has gone has left by then.
const LATER: Duration = Duration::from_millis(100);

/// Does with a body what its path asks for.
async fn scripted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(follow(stream));
        }
    });
    address
}

async fn follow(mut stream: TcpStream) -> Option<()> {
    loop {
        let head = head(&mut stream).await?;
        let path = head.split(' ').nth(1)?.to_owned();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        let early = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nearly";
        match path.rsplit('/').next()? {
            "early" => stream.write_all(early.as_bytes()).await.ok()?,
            "too-large" => {
                let no = "HTTP/1.1 413 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(no.as_bytes()).await.ok()?;
            }
            "duplex" => {
                let begin = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n";
                stream.write_all(begin.as_bytes()).await.ok()?;
                stream.read_exact(&mut body).await.ok()?;
                tokio::time::sleep(LATER).await;
                stream.write_all(b"3\r\nend\r\n0\r\n\r\n").await.ok()?;
                continue;
            }
            "gone" => {
                stream.read_exact(&mut body[..SIZE / 2]).await.ok()?;
                return None;
            }
            "trickle" => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")
                    .await
                    .ok()?;
                for _ in 0..10 {
                    stream.write_all(b"x").await.ok()?;
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
                continue;
            }
            _ => {
                stream.read_exact(&mut body).await.ok()?;
                tokio::time::sleep(LATER).await;
                let well = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell";
                stream.write_all(well.as_bytes()).await.ok()?;
                continue;
            }
        }
        stream.read_exact(&mut body).await.ok()?;
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        read.push(byte[0]);
    }
    String::from_utf8(read).ok()
}

pub async fn put(world: &mut World) {
    let endpoint = scripted().await;
    let [(_, a), ..] = world.apps;
    world.cluster("bodies", &[endpoint]).http = HttpVersion::Http1;
    world.cluster("bodies-1", &[a]).http = HttpVersion::Http1;
    world.cluster("bodies-2", &[a]).http = HttpVersion::Http2;
    let bound = |cluster, timeout, per_try| {
        let mut to: Forward = forward(cluster);
        to.timeout = Millis(timeout);
        to.retry = (per_try > 0).then(|| Retry {
            on: vec!["5xx".to_owned()],
            attempts: 2,
            per_try_timeout: Millis(per_try),
            ..Retry::default()
        });
        to
    };
    world.host(
        "bodies",
        vec![
            prefix("/bound", bound("bodies", 250, 0)),
            prefix("/each", bound("bodies", 0, 250)),
            prefix("/again", bound("a", 0, 5000)),
            prefix("/h1", forward("bodies-1")),
            prefix("/h2", forward("bodies-2")),
            prefix("/", forward("bodies")),
        ],
    );
    world.scene("slow bodies", |plane, _| {
        Box::pin(async move {
            let mut came = Came::new();
            for path in [
                "/read",
                "/early",
                "/too-large",
                "/duplex",
                "/gone",
                "/bound/read",
                "/each/read",
                "/bound/trickle",
                "/each/trickle",
            ] {
                came.extend(slowly(plane, path, Then::Goes).await);
            }
            for path in ["/read", "/duplex"] {
                came.extend(slowly(plane, path, Then::Leaves).await);
                came.extend(slowly(plane, path, Then::Halves).await);
            }
            came
        })
    });
    let of = |path: &str| get("bodies", path);
    let post = |path: &str, size: usize| {
        let ask = of(path)
            .method(Method::POST)
            .body(size)
            .without("application gets");
        ask.label(&format!("POST {path} {size}"))
    };
    let mut asks = Vec::new();
    for size in [60_000, 200_000, 1_000_000, 1_100_000] {
        asks.push(post("/again", size).told("first=1:503;body=3"));
        asks.push(
            post("/again", size)
                .http2()
                .told("first=1:503;body=3")
                .label(&format!("HTTP/2 {size}")),
        );
    }
    for path in ["/h1", "/h2"] {
        for (name, http2) in [("h1", false), ("h2", true)] {
            let to = |method: Method, told: &str| {
                let ask = of(path).method(method.clone()).told(told);
                let ask = ask.label(&format!("{method} {path} {name} {told}"));
                if http2 { ask.http2() } else { ask }
            };
            asks.extend([
                to(Method::HEAD, "status=404;body=0"),
                to(Method::GET, "status=204;body=0"),
                to(Method::GET, "status=304;body=0"),
                to(Method::GET, "body=10;trailer=x-end:1"),
                to(Method::DELETE, "body=3").body(10),
                to(Method::GET, "body=3").body(10),
            ]);
            // The application would send the body on HTTP/2.
            if path == "/h1" {
                asks.push(to(Method::HEAD, "body=100"));
            }
        }
    }
    world.asks("bodies", asks);
}

/// What a client does when half of its body has gone and it has waited a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It sends the rest.
    Goes,
    Leaves,
    /// It sends the rest, and says that nothing more comes.
    Halves,
}

async fn slowly(plane: &dyn DataPlane, path: &str, then: Then) -> Came {
    let log = plane.log().end();
    let mut stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
    let remote = stream.local_addr().unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: bodies.test\r\nx-key: slow\r\nContent-Length: {SIZE}\r\n\r\n");
    let mut came = Came::new();
    let half = [head.as_bytes(), &[b'y'; SIZE / 2]].concat();
    stream.write_all(&half).await.unwrap();
    // Longer than all tries that there may be.
    let patience = Duration::from_millis(if path == "/each/read" { 1200 } else { 400 });
    let (first, open) = heard(&mut stream, patience).await;
    let answered = !first.starts_with(' ');
    came.push((format!("{path} {then:?} half"), first));
    if then == Then::Leaves {
        drop(stream);
    } else if open && (path == "/duplex" || !answered) {
        let _gone = stream.write_all(&[b'y'; SIZE / 2]).await;
        if then == Then::Halves {
            let _gone = stream.shutdown().await;
        }
        let (rest, _) = heard(&mut stream, Duration::from_millis(400)).await;
        came.push((format!("{path} {then:?} rest"), rest));
        drop(stream);
    }
    for entry in plane.log().entries(remote, log, 1).await {
        let told = |key: &str| match &entry[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let told = ["code", "flags", "details", "received", "sent"].map(told);
        came.push((format!("{path} {then:?} log"), told.join(" ")));
    }
    came
}

/// What comes until nothing more does for a while, and whether more may be said.
async fn heard(stream: &mut TcpStream, patience: Duration) -> (String, bool) {
    let (mut read, mut part) = (Vec::new(), vec![0; 16 * 1024]);
    let open = loop {
        match tokio::time::timeout(patience, stream.read(&mut part)).await {
            Ok(Ok(count @ 1..)) => read.extend_from_slice(&part[..count]),
            Ok(Ok(0)) => break false,
            Ok(_) => break false,
            Err(_) => break true,
        }
    };
    let text = String::from_utf8_lossy(&read);
    let line = text.lines().next().unwrap_or_default();
    let status = line.split(' ').nth(1).unwrap_or(line);
    let closes = text.to_lowercase().contains("connection: close");
    let end = text
        .split_once("\r\n\r\n")
        .map_or("", |(_, end)| end)
        .replace("\r\n", " ");
    (format!("{status} closes={closes} {end:?}"), open)
}
