//! A connection is one task: what is done for a request costs as many polls as bytes come for it, and none more.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use mesh_http2::{Incoming, Limits, Request, Response, server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const LIMITS: Limits = Limits {
    stream_window: 1 << 16,
    connection_window: 1 << 16,
    streams: 10,
    headers: 1024,
};
/// How every connection begins, with settings that say nothing.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `GET / http` for `a`, on a stream of one byte.
fn get(stream: u8) -> [u8; 15] {
    [
        0, 0, 6, 1, 0x5, 0, 0, 0, stream, 0x82, 0x86, 0x84, 0x01, 0x01, b'a',
    ]
}

/// Writes `bytes`, and reads until nothing more is answered.
async fn say(near: &mut DuplexStream, bytes: &[u8]) {
    near.write_all(bytes).await.unwrap();
    let mut answer = [0; 4096];
    assert!(near.read(&mut answer).await.unwrap() > 0);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_polls_its_connection_once() {
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let mut serving = server::serve(far, LIMITS, |_: Request<Incoming>| {
        std::future::ready(Response::new(Full::new(Bytes::from_static(b"answer"))))
    });
    let polls = Arc::new(AtomicU32::new(0));
    let counted = polls.clone();
    tokio::spawn(poll_fn(move |cx| {
        counted.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut serving).poll(cx)
    }));
    say(&mut near, HELLO).await;
    for stream in [1, 3, 5] {
        let before = polls.load(Ordering::Relaxed);
        say(&mut near, &get(stream)).await;
        assert_eq!(polls.load(Ordering::Relaxed), before + 1, "{stream}");
    }
}
