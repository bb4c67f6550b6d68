//! Answers of HTTP/1 that are none, or end early.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::prefix;
use crate::ask::get;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

/// What is answered to a path, after which the connection is closed or left open.
type Script = (&'static str, &'static str, bool);

const CLOSED: bool = true;
const OPEN: bool = false;
const CHUNKED: &str = "transfer-encoding: chunked\r\n\r\n";

/// Behind the version.
const ANSWERS: [Script; 27] = [
    ("/short", "200 OK\r\ncontent-length: 10\r\n\r\nabc", CLOSED),
    ("/more", "200 OK\r\ncontent-length: 3\r\n\r\nabcdef", OPEN),
    ("/until-closed", "200 OK\r\n\r\nabc", CLOSED),
    (
        "/two-lengths",
        "200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        CLOSED,
    ),
    (
        "/same-lengths",
        "200 OK\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        CLOSED,
    ),
    ("/no-length", "200 OK\r\ncontent-length: x\r\n\r\nabc", CLOSED),
    (
        "/huge-length",
        "200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/negative-length",
        "200 OK\r\ncontent-length: -1\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/length-and-chunks",
        "200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        CLOSED,
    ),
    (
        "/strange-coding",
        "200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        CLOSED,
    ),
    (
        "/unknown-coding",
        "200 OK\r\ntransfer-encoding: xchunked\r\n\r\nabc",
        CLOSED,
    ),
    ("/low-status", "99 Low\r\ncontent-length: 0\r\n\r\n", CLOSED),
    ("/no-status", "abc OK\r\ncontent-length: 0\r\n\r\n", CLOSED),
    ("/no-reason", "200\r\ncontent-length: 0\r\n\r\n", CLOSED),
    ("/half-head", "200 OK\r\nx-a: 1\r\n", CLOSED),
    (
        "/bad-name",
        "200 OK\r\nbad name: 1\r\ncontent-length: 0\r\n\r\n",
        CLOSED,
    ),
    (
        "/bad-value",
        "200 OK\r\nx-a: a\0b\r\ncontent-length: 0\r\n\r\n",
        CLOSED,
    ),
    ("/no-colon", "200 OK\r\nx-a\r\ncontent-length: 0\r\n\r\n", CLOSED),
    (
        "/folded",
        "200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n",
        CLOSED,
    ),
    (
        "/no-content",
        "204 No Content\r\ncontent-length: 3\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/not-modified",
        "304 Not Modified\r\ncontent-length: 10\r\n\r\n",
        OPEN,
    ),
    (
        "/not-asked",
        "101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/continue",
        "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        OPEN,
    ),
    (
        "/hints",
        "103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        OPEN,
    ),
    (
        "/processing",
        "102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        OPEN,
    ),
    ("/lines-of-unix", "200 OK\ncontent-length: 3\n\nabc", OPEN),
    ("/fine", "200 OK\r\ncontent-length: 3\r\n\r\nabc", OPEN),
];
/// Behind a head that promises chunks.
const CHUNKS: [Script; 12] = [
    ("/chunks", "3\r\nabc\r\n0\r\n\r\n", OPEN),
    ("/no-size", "zz\r\nabc\r\n0\r\n\r\n", CLOSED),
    ("/empty-size", "\r\nabc\r\n0\r\n\r\n", CLOSED),
    ("/bad-size-later", "3\r\nabc\r\nzz\r\n", CLOSED),
    ("/huge-size", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", CLOSED),
    ("/chunk-cut", "5\r\nabc", CLOSED),
    ("/no-end", "3\r\nabc\r\n", CLOSED),
    ("/half-end", "3\r\nabc\r\n0\r\n", CLOSED),
    ("/no-line-end", "3\r\nabcde\r\n0\r\n\r\n", CLOSED),
    ("/extension", "3;a=b\r\nabc\r\n0\r\n\r\n", OPEN),
    ("/trailer", "3\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n", OPEN),
    ("/bad-trailer", "3\r\nabc\r\n0\r\nx trailer: 1\r\n\r\n", CLOSED),
];
const OTHERS: [Script; 7] = [
    ("/old", "HTTP/1.0 200 OK\r\n\r\nabc", CLOSED),
    (
        "/old-length",
        "HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/old-chunks",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        CLOSED,
    ),
    (
        "/newer",
        "HTTP/1.2 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        CLOSED,
    ),
    (
        "/newest",
        "HTTP/2.0 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        CLOSED,
    ),
    ("/no-http", "hello\r\n\r\n", CLOSED),
    ("/nothing", "", CLOSED),
];

fn scripts() -> Vec<(&'static str, String, bool)> {
    let plain = ANSWERS.map(|(path, text, end)| (path, format!("HTTP/1.1 {text}"), end));
    let chunks = CHUNKS.map(|(path, text, end)| (path, format!("HTTP/1.1 200 OK\r\n{CHUNKED}{text}"), end));
    let others = OTHERS.map(|(path, text, end)| (path, text.to_owned(), end));
    plain.into_iter().chain(chunks).chain(others).collect()
}

async fn scripted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(play(stream));
        }
    });
    address
}

async fn play(mut stream: TcpStream) {
    let scripts = scripts();
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.unwrap_or(0) > 0 {
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        request.clear();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let (_, answer, closed) = scripts.iter().find(|(own, ..)| *own == path).unwrap();
        if stream.write_all(answer.as_bytes()).await.is_err() || *closed {
            // What is unread would make a reset of the close.
            let _over = stream.shutdown().await;
            let _rest = tokio::time::timeout(Duration::from_secs(1), stream.read_buf(&mut request)).await;
            return;
        }
    }
}

pub async fn put(world: &mut World) {
    let server = scripted().await;
    world.cluster("broken", &[server]);
    world.host("broken", vec![prefix("/", forward("broken"))]);
    let mut asks: Vec<_> = scripts().iter().map(|(path, ..)| get("broken", path)).collect();
    // Nothing of those before is left on a connection.
    asks.push(get("broken", "/fine").label("/fine again"));
    let head = |path: &str| get("broken", path).method(http::Method::HEAD);
    asks.push(head("/not-modified").label("HEAD"));
    world.scene("broken", move |plane, world| {
        let asks = asks.clone();
        Box::pin(async move {
            let mut came = Came::new();
            for ask in &asks {
                let seen = ask.of(plane, world, &ask.label).await;
                let told = |what: &str| {
                    let own = seen.iter().find(|(own, _)| own == what);
                    own.map_or("-", |(_, value)| value.as_str())
                };
                // Proxies' own answers are told elsewhere.
                let body = Some(told("body")).filter(|body| body.len() < 20).unwrap_or("-");
                let length = told("header content-length");
                let length = Some(length).filter(|_| told("status") != "502").unwrap_or("-");
                came.push((
                    ask.label.clone(),
                    format!(
                        "{} {} {} length={length} body={body}",
                        told("status"),
                        told("log flags"),
                        told("log details")
                    ),
                ));
            }
            came
        })
    });
}
