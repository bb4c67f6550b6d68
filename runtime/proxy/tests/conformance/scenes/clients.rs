//! What clients of HTTP/1 say: requests that two readers could read otherwise, and how a connection goes on and ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::prefix;
use crate::plane::{Coming, DataPlane, Way};
use crate::support::snapshot::forward;
use crate::world::{Came, World};

/// Who is silent for so long waits for more.
const QUIET: Duration = Duration::from_millis(300);
/// Each waits for a while to see that nothing more comes.
const AT_ONCE: usize = 16;
/// `GET / HTTP/1.1` and a host.
const GET: &str = "GET / HTTP/1.1\r\nHost: clients.test\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: clients.test\r\n";
/// What a smuggler would have passed on as a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: clients.test\r\n\r\n";

/// `<get>`, `<post>` and `<smuggled>` stand for [`GET`], [`POST`] and [`SMUGGLED`].
const SAID: [(&str, &str); 62] = [
    (
        "length and chunks",
        "<post>Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<smuggled>",
    ),
    (
        "chunks and length",
        "<post>Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n<smuggled>",
    ),
    (
        "chunks and length 0",
        "<post>Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
    ),
    (
        "same lengths",
        "<post>Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    ),
    ("list of lengths", "<post>Content-Length: 3, 3\r\n\r\nabc"),
    ("length with plus", "<post>Content-Length: +3\r\n\r\nabc"),
    ("negative length", "<post>Content-Length: -3\r\n\r\nabc"),
    ("hexadecimal length", "<post>Content-Length: 0x3\r\n\r\nabc"),
    ("empty length", "<post>Content-Length:\r\n\r\nabc"),
    (
        "huge length",
        "<post>Content-Length: 99999999999999999999\r\n\r\nabc",
    ),
    ("length of GET", "<get>Content-Length: 3\r\n\r\nabc<get>\r\n"),
    (
        "chunks of GET",
        "<get>Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "two codings",
        "<post>Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n<smuggled>",
    ),
    (
        "chunked twice",
        "<post>Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "identity",
        "<post>Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (
        "coding of upper case",
        "<post>Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "coding with a tab",
        "<post>Transfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "coding with a space before the colon",
        "<post>Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (
        "coding behind a vertical tab",
        "<post>Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunk with an extension",
        "<post>Transfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "chunk of zeros",
        "<post>Transfer-Encoding: chunked\r\n\r\n0000003\r\nabc\r\n000\r\n\r\n",
    ),
    (
        "chunk too long",
        "<post>Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n<smuggled>",
    ),
    (
        "chunk of 0x",
        "<post>Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "huge chunk",
        "<post>Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "negative chunk",
        "<post>Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "chunk lines of unix",
        "<post>Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    ),
    (
        "trailers",
        "<post>Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n<get>\r\n",
    ),
    (
        "smuggling trailers",
        "<post>Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n<get>\r\n",
    ),
    ("lines of unix", "GET / HTTP/1.1\nHost: clients.test\n\n"),
    (
        "one line of unix",
        "GET / HTTP/1.1\r\nHost: clients.test\nx-a: 1\r\n\r\n",
    ),
    ("end of unix", "<get>\n"),
    ("lone carriage return", "<get>x-a: 1\r2\r\n\r\n"),
    ("nul", "<get>x-a: 1\0\r\n\r\n"),
    ("space before the colon", "<get>x-a : 1\r\n\r\n"),
    ("space in a name", "<get>x a: 1\r\n\r\n"),
    ("no colon", "<get>x-a\r\n\r\n"),
    ("no name", "<get>: 1\r\n\r\n"),
    (
        "space before the first header",
        "GET / HTTP/1.1\r\n x-a: 1\r\nHost: clients.test\r\n\r\n",
    ),
    ("empty lines first", "\r\n\r\n<get>\r\n"),
    ("two spaces", "GET  / HTTP/1.1\r\nHost: clients.test\r\n\r\n"),
    ("HTTP/0.9", "GET /\r\n\r\n"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: clients.test\r\n\r\n"),
    ("HTTP/2.0", "GET / HTTP/2.0\r\nHost: clients.test\r\n\r\n"),
    ("http/1.1", "GET / http/1.1\r\nHost: clients.test\r\n\r\n"),
    (
        "method of lower case",
        "get / HTTP/1.1\r\nHost: clients.test\r\n\r\n",
    ),
    (
        "method of their own",
        "BREW / HTTP/1.1\r\nHost: clients.test\r\n\r\n",
    ),
    (
        "absolute form",
        "GET http://clients.test/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n",
    ),
    (
        "absolute form without host",
        "GET http://clients.test/a HTTP/1.1\r\n\r\n",
    ),
    (
        "absolute form of another scheme",
        "GET ftp://clients.test/a HTTP/1.1\r\nHost: clients.test\r\n\r\n",
    ),
    ("no slash", "GET a HTTP/1.1\r\nHost: clients.test\r\n\r\n"),
    ("fragment", "GET /a#b HTTP/1.1\r\nHost: clients.test\r\n\r\n"),
    ("asterisk", "OPTIONS * HTTP/1.1\r\nHost: clients.test\r\n\r\n"),
    ("asterisk of GET", "GET * HTTP/1.1\r\nHost: clients.test\r\n\r\n"),
    ("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    (
        "host with a user",
        "GET / HTTP/1.1\r\nHost: a@clients.test\r\n\r\n",
    ),
    (
        "host with a space",
        "GET / HTTP/1.1\r\nHost: clients.test b\r\n\r\n",
    ),
    ("two requests at once", "<get>\r\n<get>\r\n"),
    ("close, and more", "<get>Connection: close\r\n\r\n<get>\r\n"),
    (
        "upgrade with a body",
        "<post>Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (
        "upgrade to HTTP/2",
        "<get>Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    ),
    (
        "expects something else",
        "<post>Expect: 200-ok\r\nContent-Length: 3\r\n\r\nabc",
    ),
    ("bad behind a good one", "<get>\r\n<get>x a: 1\r\n\r\n"),
];

/// What ends in the middle, or waits.
const HALVES: [(&str, &str); 4] = [
    ("half a head", "<get>x-a: 1"),
    ("half a body", "<post>Content-Length: 5\r\n\r\nabc"),
    ("half a chunk", "<post>Transfer-Encoding: chunked\r\n\r\n5\r\nabc"),
    ("a whole request", "<get>x-do: sleep=100\r\n\r\n"),
];

pub fn put(world: &mut World) {
    world.host("clients", vec![prefix("/", forward("a"))]);
    world.scene("clients", |plane, _| {
        Box::pin(async move {
            let mut came = Came::new();
            let whole = SAID.map(|one| (one.0.to_owned(), one.1, false));
            let halves = HALVES.map(|one| (format!("{}, and an end", one.0), one.1, true));
            let all: Vec<_> = whole.into_iter().chain(halves).collect();
            for some in all.chunks(AT_ONCE) {
                // Of those at once each has a port of its own; later ones may get it again.
                let log = plane.log().end();
                let saying = some
                    .iter()
                    .map(|one| Box::pin(said(plane, one.0.clone(), one.1, one.2)) as _);
                came.extend(logged(plane, log, at_once(saying.collect()).await).await);
            }
            came
        })
    });
}

async fn at_once(mut saying: Vec<Coming<'_, Heard>>) -> Vec<Heard> {
    let mut came = Vec::new();
    std::future::poll_fn(|context| {
        saying.retain_mut(|said| match said.as_mut().poll(context) {
            Poll::Ready(heard) => {
                came.push(heard);
                false
            }
            Poll::Pending => true,
        });
        if saying.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    came
}

async fn said(plane: &dyn DataPlane, label: String, bytes: &str, ends: bool) -> Heard {
    let bytes = filled(bytes);
    let to = SocketAddr::from(([10, 96, 1, 10], 80));
    let mut stream = plane.dial(Way::Out, to).await;
    let remote = stream.local_addr().unwrap();
    // Who is refused may be cut off at any of these.
    let _sent = stream.write_all(bytes.as_bytes()).await;
    if ends {
        let _ended = stream.shutdown().await;
    }
    let (text, end) = heard(&mut stream).await;
    // A port that the other end has closed is free for the next client at once, unless it is held.
    let held = (end == "closed").then_some(stream);
    let mut statuses = Vec::new();
    let mut told = Vec::new();
    for line in text.lines() {
        if let Some(at) = line.find("HTTP/1.").filter(|at| {
            line[*at..]
                .split(' ')
                .nth(1)
                .is_some_and(|status| status.len() == 3)
        }) {
            statuses.push(line[at..].split(' ').take(2).collect::<Vec<_>>().join(" "));
        } else if line.contains(" HTTP/1.1")
            || line.starts_with("received: ")
            || line.to_lowercase().starts_with("connection: ")
        {
            told.push(line.to_lowercase());
        }
    }
    // Who was told so may end it first, for a while.
    let ends = end == "closed" || told.iter().any(|line| line == "connection: close");
    let end = if ends { "closed" } else { "open" };
    let came = vec![
        (label.clone(), format!("{} {end}", statuses.join(" "))),
        (format!("{label} told"), told.join(", ")),
    ];
    Heard {
        label,
        remote,
        came,
        _held: held,
    }
}

/// What came back on one connection, and who it was.
struct Heard {
    label: String,
    remote: SocketAddr,
    came: Came,
    _held: Option<TcpStream>,
}

impl Heard {
    fn is_gone(&self) -> bool {
        self.label.ends_with("and an end")
    }
}

/// Adds what the log behind `start` says of each, as soon as it says something of all, or says no more.
async fn logged(plane: &dyn DataPlane, start: u64, heard: Vec<Heard>) -> Came {
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..20 {
        entries.clear();
        for line in plane.log().lines(start).await {
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let text = |key: &str| entry[key].as_str().unwrap_or("-").to_owned();
            let said = format!("{} {}", text("flags"), text("details"));
            entries.entry(text("remote")).or_default().push(said);
        }
        let is_told = |one: &Heard| one.is_gone() || entries.contains_key(&one.remote.to_string());
        if heard.iter().all(is_told) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut came = Came::new();
    for one in heard {
        let entries = entries.remove(&one.remote.to_string()).unwrap_or_default();
        // Who is gone is told of at any time.
        let is_gone = one.is_gone();
        came.extend(one.came);
        if is_gone {
            continue;
        }
        came.push((format!("{} log", one.label), entries.join(", ")));
    }
    came
}

/// What the tables shorten.
fn filled(bytes: &str) -> String {
    let shortened = [("<smuggled>", SMUGGLED), ("<get>", GET), ("<post>", POST)];
    let fill = |text: String, (short, long): (&str, &str)| text.replace(short, long);
    shortened.into_iter().fold(bytes.to_owned(), fill)
}

async fn heard(stream: &mut TcpStream) -> (String, &'static str) {
    let (mut back, mut part) = (Vec::new(), [0; 4096]);
    let end = loop {
        match tokio::time::timeout(QUIET, stream.read(&mut part)).await {
            Ok(Ok(count @ 1..)) => back.extend_from_slice(&part[..count]),
            Ok(_) => break "closed",
            Err(_) => break "open",
        }
    };
    (String::from_utf8_lossy(&back).into_owned(), end)
}
