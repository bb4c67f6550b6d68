//! What the other end must not do: each is answered as the standard says, and costs no more than it should.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod raw;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use mesh_http2::{Incoming, Request, Response, server};
use raw::{GET, LIMITS, PREFACE, frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

/// A client, byte by byte.
struct Raw(DuplexStream);

impl Raw {
    /// Of a server whose answers to `/` come at once and those to anything else never.
    async fn new() -> Self {
        let (near, far) = tokio::io::duplex(1 << 20);
        tokio::spawn(server::serve(far, LIMITS, |request: Request<Incoming>| {
            Box::pin(async move {
                if request.head.path.is_some_and(|path| path != "/") {
                    std::future::pending::<()>().await;
                }
                Response::new(Full::new(Bytes::from_static(b"answer")))
            })
        }));
        let mut raw = Self(near);
        raw.send(PREFACE).await;
        raw.send(&frame(SETTINGS, 0, 0, &[])).await;
        raw
    }

    /// Whoever closed the connection reads no more.
    async fn send(&mut self, bytes: &[u8]) {
        let _closed = self.0.write_all(bytes).await;
    }

    /// The next frame: kind, flags, stream and payload; `None` at the end.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        Some((head[3], head[4], stream, payload))
    }

    async fn until(&mut self, kind: u8) -> (u32, Vec<u8>) {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(10), self.next()).await;
            let (is, _, stream, payload) = next.unwrap().unwrap();
            if is == kind {
                return (stream, payload);
            }
        }
    }

    async fn is_closed_for(&mut self, reason: u32) {
        let (_, payload) = self.until(GOAWAY).await;
        assert_eq!(payload[4..8], reason.to_be_bytes());
        while self.next().await.is_some() {}
    }

    async fn is_reset_for(&mut self, stream: u32, reason: u32) {
        assert_eq!(
            self.until(RST_STREAM).await,
            (stream, reason.to_be_bytes().to_vec())
        );
    }
}

fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, 0x5, stream, GET)
}

/// One whose answer never comes.
fn never(stream: u32, flags: u8) -> Vec<u8> {
    frame(
        HEADERS,
        flags,
        stream,
        &[0x82, 0x86, 0x04, 0x02, b'/', b'n', 0x01, 0x01, b'a'],
    )
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_connection() {
    let long = vec![0; 16_385];
    let most = 0x7fff_ffff_u32.to_be_bytes();
    let cases: &[(&str, Vec<u8>, u32)] = &[
        ("headers on stream 0", frame(HEADERS, 0x5, 0, GET), PROTOCOL_ERROR),
        (
            "headers on an even stream",
            frame(HEADERS, 0x5, 2, GET),
            PROTOCOL_ERROR,
        ),
        ("data on stream 0", frame(DATA, 0, 0, b"x"), PROTOCOL_ERROR),
        (
            "data on a stream that has not begun",
            frame(DATA, 0, 1, b"x"),
            PROTOCOL_ERROR,
        ),
        ("a reset of one", frame(RST_STREAM, 0, 1, &[0; 4]), PROTOCOL_ERROR),
        (
            "a window of one",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
            PROTOCOL_ERROR,
        ),
        (
            "a window of nothing",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            PROTOCOL_ERROR,
        ),
        (
            "a window too large",
            frame(WINDOW_UPDATE, 0, 0, &most),
            FLOW_CONTROL_ERROR,
        ),
        ("a push", frame(PUSH_PROMISE, 0x4, 1, &[0; 4]), PROTOCOL_ERROR),
        (
            "a continuation of nothing",
            frame(CONTINUATION, 0x4, 1, GET),
            PROTOCOL_ERROR,
        ),
        (
            "a frame that is too large",
            frame(DATA, 0, 1, &long),
            FRAME_SIZE_ERROR,
        ),
        (
            "a ping that is too short",
            frame(PING, 0, 0, &[0; 7]),
            FRAME_SIZE_ERROR,
        ),
        (
            "settings that are cut off",
            frame(SETTINGS, 0, 0, &[0; 5]),
            FRAME_SIZE_ERROR,
        ),
        (
            "an acknowledgement with more",
            frame(SETTINGS, 1, 0, &[0; 6]),
            FRAME_SIZE_ERROR,
        ),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[]), PROTOCOL_ERROR),
        (
            "a push that is neither",
            frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2]),
            PROTOCOL_ERROR,
        ),
        (
            "a window beyond all",
            frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
            FLOW_CONTROL_ERROR,
        ),
        (
            "frames below the least",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
            PROTOCOL_ERROR,
        ),
        (
            "fields that mean nothing",
            frame(HEADERS, 0x5, 1, &[0x80]),
            COMPRESSION_ERROR,
        ),
        (
            "padding beyond the payload",
            frame(HEADERS, 0xd, 1, &[9, 0x82]),
            PROTOCOL_ERROR,
        ),
        (
            "a frame within a block",
            [frame(HEADERS, 0x1, 1, GET), frame(PING, 0, 0, &[0; 8])].concat(),
            PROTOCOL_ERROR,
        ),
        (
            "a stream that goes back",
            [never(5, 0x5), get(3)].concat(),
            STREAM_CLOSED,
        ),
    ];
    for (what, bytes, reason) in cases {
        let mut raw = Raw::new().await;
        raw.send(bytes).await;
        println!("{what}");
        raw.is_closed_for(*reason).await;
    }
}

#[tokio::test]
async fn a_message_that_breaks_the_protocol_ends_its_stream_alone() {
    let with = |rest: &[u8]| [GET, rest].concat();
    let cases: &[(&str, Vec<u8>, u32)] = &[
        ("no method", frame(HEADERS, 0x5, 1, &GET[1..]), PROTOCOL_ERROR),
        (
            "two methods",
            frame(HEADERS, 0x5, 1, &with(&[0x82])),
            PROTOCOL_ERROR,
        ),
        ("a status", frame(HEADERS, 0x5, 1, &with(&[0x88])), PROTOCOL_ERROR),
        (
            "upper case",
            frame(HEADERS, 0x5, 1, &with(&[0, 1, b'X', 0])),
            PROTOCOL_ERROR,
        ),
        (
            "a field of no name",
            frame(HEADERS, 0x5, 1, &with(&[0, 0, 0])),
            PROTOCOL_ERROR,
        ),
        (
            "a line break",
            frame(HEADERS, 0x5, 1, &with(&[0, 1, b'x', 1, b'\n'])),
            PROTOCOL_ERROR,
        ),
        (
            "a connection's own",
            frame(HEADERS, 0x5, 1, &with(b"\x00\x07upgrade\x01x")),
            PROTOCOL_ERROR,
        ),
        (
            "a protocol nobody offered",
            frame(HEADERS, 0x5, 1, &with(b"\x00\x09:protocol\x01x")),
            PROTOCOL_ERROR,
        ),
        (
            "a header before a field",
            frame(HEADERS, 0x5, 1, &[0x82, 0x86, 0, 1, b'x', 0, 0x84]),
            PROTOCOL_ERROR,
        ),
        (
            "a length and no body",
            frame(HEADERS, 0x5, 1, &with(&[0x0f, 0x0d, 1, b'3'])),
            PROTOCOL_ERROR,
        ),
        (
            "more than the length",
            [
                frame(
                    HEADERS,
                    0x4,
                    1,
                    &[never(1, 0)[9..].to_vec(), vec![0x0f, 0x0d, 1, b'3']].concat(),
                ),
                frame(DATA, 0, 1, b"four"),
            ]
            .concat(),
            PROTOCOL_ERROR,
        ),
        (
            "data behind the end",
            [never(1, 0x5), frame(DATA, 0, 1, b"x")].concat(),
            STREAM_CLOSED,
        ),
        (
            "a window of nothing",
            [never(1, 0x5), frame(WINDOW_UPDATE, 0, 1, &[0; 4])].concat(),
            PROTOCOL_ERROR,
        ),
        (
            "a window too large",
            [
                never(1, 0x5),
                frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0xff, 0xff]),
            ]
            .concat(),
            FLOW_CONTROL_ERROR,
        ),
        (
            "trailers that do not end",
            [never(1, 0x4), frame(HEADERS, 0x4, 1, &[0, 1, b'x', 0])].concat(),
            PROTOCOL_ERROR,
        ),
        (
            "a priority on itself",
            frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0]),
            PROTOCOL_ERROR,
        ),
    ];
    for (what, bytes, reason) in cases {
        let mut raw = Raw::new().await;
        raw.send(bytes).await;
        println!("{what}");
        raw.is_reset_for(1, *reason).await;
        raw.send(&get(7)).await;
        assert_eq!(raw.until(HEADERS).await.0, 7, "{what}: the connection goes on");
    }
}

#[tokio::test]
async fn more_than_a_window_is_not_taken() {
    let mut raw = Raw::new().await;
    raw.send(&never(1, 0x4)).await;
    for _ in 0..5 {
        raw.send(&frame(DATA, 0, 1, &[0; 16_000])).await;
    }
    raw.is_closed_for(FLOW_CONTROL_ERROR).await;
}

#[tokio::test]
async fn more_streams_than_are_taken_are_refused() {
    let mut raw = Raw::new().await;
    for index in 0..11 {
        raw.send(&never(1 + 2 * index, 0x5)).await;
    }
    raw.is_reset_for(21, REFUSED_STREAM).await;
}

#[tokio::test]
async fn more_headers_than_are_taken_are_told_so() {
    let mut raw = Raw::new().await;
    let mut block = GET.to_vec();
    for _ in 0..40 {
        block.extend(b"\x00\x01x\x10aaaaaaaaaaaaaaaa");
    }
    raw.send(&frame(HEADERS, 0x5, 1, &block)).await;
    let (stream, payload) = raw.until(HEADERS).await;
    // `:status` as it is in the static table, with 431 beside it.
    assert_eq!((stream, &payload[payload.len() - 3..]), (1, &b"431"[..]));
    raw.send(&get(3)).await;
    assert_eq!(raw.until(HEADERS).await.0, 3);
}

/// CVE-2023-44487.
#[tokio::test]
async fn requests_that_are_given_up_without_end_end_the_connection() {
    let mut raw = Raw::new().await;
    for index in 0..5000 {
        let stream = 1 + 2 * index;
        raw.send(&[never(stream, 0x5), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat())
            .await;
    }
    raw.is_closed_for(ENHANCE_YOUR_CALM).await;
}

/// CVE-2024-27316 and its like.
#[tokio::test]
async fn a_block_of_fields_has_an_end() {
    let mut raw = Raw::new().await;
    raw.send(&frame(HEADERS, 0x1, 1, GET)).await;
    for _ in 0..100 {
        raw.send(&frame(CONTINUATION, 0, 1, &[])).await;
    }
    raw.is_closed_for(ENHANCE_YOUR_CALM).await;
}

/// CVE-2019-9512, 9515 and 9518.
#[tokio::test]
async fn frames_that_say_nothing_have_an_end() {
    for flood in [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &[]),
        frame(DATA, 0, 1, &[]),
        frame(PRIORITY, 0, 9, &[0, 0, 0, 1, 0]),
        frame(0xbe, 0, 0, b"of no known kind"),
    ] {
        let mut raw = Raw::new().await;
        raw.send(&never(1, 0x4)).await;
        let (mut read, mut write) = tokio::io::split(raw.0);
        let sending = tokio::spawn(async move {
            let many = flood.repeat(1000);
            while write.write_all(&many).await.is_ok() {}
        });
        let mut said = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), read.read_to_end(&mut said))
            .await
            .unwrap()
            .unwrap();
        sending.await.unwrap();
        assert!(said.ends_with(&ENHANCE_YOUR_CALM.to_be_bytes()));
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_has_ended_is_whole() {
    let mut raw = Raw::new().await;
    raw.send(&frame(HEADERS, 0x4, 1, GET)).await;
    assert_eq!(raw.until(DATA).await, (1, b"answer".to_vec()));
    raw.is_reset_for(1, NO_ERROR).await;
    raw.send(&frame(DATA, 1, 1, b"too late")).await;
    raw.send(&get(3)).await;
    assert_eq!(raw.until(HEADERS).await.0, 3);
}

#[tokio::test]
async fn who_begins_with_something_else_is_left() {
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let serving = tokio::spawn(server::serve(far, LIMITS, |_: Request<Incoming>| {
        Box::pin(async { Response::new(Full::new(Bytes::new())) })
    }));
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(serving.await.unwrap().is_err());
}
