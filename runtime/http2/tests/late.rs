//! Who reads late, and has more to say meanwhile.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod raw;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use mesh_http2::{Incoming, Request, Response, server};
use raw::{GET, LIMITS, PREFACE, frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What the way from the server holds.
const WAY: usize = 640 * 1024;
const ANSWER: usize = 1 << 20;
const PING: u8 = 6;

/// The kinds of all frames in `bytes` that are whole.
fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let Some([a, b, c, kind, ..]) = bytes.first_chunk::<9>() {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        kinds.push(*kind);
        bytes = bytes.get(9 + length..).unwrap_or_default();
    }
    kinds
}

/// The server has more to write than it reads beside; all of that goes at once when the client reads at last.
#[tokio::test]
async fn what_was_said_while_nothing_was_read_is_heard_after_it() {
    let (mut client, far) = tokio::io::duplex(WAY);
    tokio::spawn(server::serve(far, LIMITS, |_: Request<Incoming>| {
        Box::pin(async { Response::new(Full::new(Bytes::from(vec![b'x'; ANSWER]))) })
    }));
    client.write_all(PREFACE).await.unwrap();
    let large = (1u32 << 30).to_be_bytes();
    // INITIAL_WINDOW_SIZE: only the connection's own window holds the answer up.
    client
        .write_all(&frame(4, 0, 0, &[&[0, 4][..], &large].concat()))
        .await
        .unwrap();
    client.write_all(&frame(1, 0x5, 1, GET)).await.unwrap();
    let mut came = vec![0; 4 * ANSWER];
    let mut end = client.read(&mut came).await.unwrap();
    while end < 65_535 {
        end += client.read(&mut came[end..]).await.unwrap();
    }
    client.write_all(&frame(8, 0, 0, &large)).await.unwrap();
    idle().await;
    client.write_all(&frame(PING, 0, 0, &[0; 8])).await.unwrap();
    idle().await;
    let answered = async {
        while !kinds(&came[..end]).contains(&PING) {
            end += client.read(&mut came[end..]).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), answered)
        .await
        .unwrap();
}

/// Everybody else has done what there is to do.
async fn idle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
