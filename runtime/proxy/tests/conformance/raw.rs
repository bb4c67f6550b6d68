//! Bytes, as they are.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::plane::{DataPlane, Way};
use crate::secure;
use crate::world::{Came, World};

/// Who is silent for so long waits for more.
const QUIET: Duration = Duration::from_millis(300);

/// A server that sends everything back.
pub async fn echo() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _over = tokio::io::copy(&mut read, &mut write).await;
                let _over = write.shutdown().await;
            });
        }
    });
    address
}

/// What comes back for `bytes`, and what the log says.
pub async fn said(plane: &dyn DataPlane, way: Way, to: SocketAddr, label: &str, bytes: &[u8]) -> Came {
    said_by(plane, way, to, label, bytes).await.1
}

/// The same, and who said it.
pub async fn said_by(
    plane: &dyn DataPlane,
    way: Way,
    to: SocketAddr,
    label: &str,
    bytes: &[u8],
) -> (SocketAddr, Came) {
    let log = plane.log().end();
    let stream = plane.dial(way, to).await;
    let remote = stream.local_addr().unwrap();
    let came = exchanged(stream, label, bytes).await;
    (remote, logged(plane, remote, log, label, came).await)
}

/// The same of somebody who dials from outside by mutual TLS.
pub async fn said_by_peer(
    plane: &dyn DataPlane,
    world: &World,
    to: SocketAddr,
    label: &str,
    bytes: &[u8],
) -> (SocketAddr, Came) {
    let log = plane.log().end();
    let stream = plane.dial(Way::In, to).await;
    let remote = stream.local_addr().unwrap();
    let came = match secure::bytes(world, stream).await {
        Ok(stream) => exchanged(stream, label, bytes).await,
        Err(_) => vec![(format!("{label} end"), "no handshake".to_owned())],
    };
    (remote, logged(plane, remote, log, label, came).await)
}

async fn logged(plane: &dyn DataPlane, remote: SocketAddr, log: u64, label: &str, mut came: Came) -> Came {
    for entry in plane.log().entries(remote, log, 1).await {
        for key in [
            "flags",
            "details",
            "termination",
            "cluster",
            "received",
            "sent",
            "sni",
        ] {
            let value = &entry[key];
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            came.push((format!("{label} log {key}"), value));
        }
    }
    came
}

/// What comes back for `bytes` until the other end closes, or says nothing for a while.
pub async fn exchanged<S>(mut stream: S, label: &str, bytes: &[u8]) -> Came
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Who is refused may be cut off at any of these.
    let _sent = stream.write_all(bytes).await;
    let (mut back, mut part) = (Vec::new(), [0; 4096]);
    let end = loop {
        match tokio::time::timeout(QUIET, stream.read(&mut part)).await {
            Ok(Ok(count @ 1..)) => back.extend_from_slice(&part[..count]),
            Ok(_) => break "closed",
            Err(_) => break "open",
        }
    };
    drop(stream);
    let text: Vec<String> = String::from_utf8_lossy(&back)
        .lines()
        .filter(|line| !line.starts_with("date: "))
        .map(str::to_owned)
        .collect();
    vec![
        (format!("{label} end"), end.to_owned()),
        (format!("{label} answer"), text.join(" ")),
    ]
}

/// Sends each part and waits for its answer; what came in all, and whether it did.
pub async fn talk(plane: &dyn DataPlane, to: SocketAddr, label: &str, parts: &[(&str, &str)]) -> Came {
    let mut stream = plane.dial(Way::Out, to).await;
    let mut came = Vec::new();
    for (number, (says, hears)) in parts.iter().enumerate() {
        stream.write_all(says.as_bytes()).await.unwrap();
        let mut back = Vec::new();
        let reading = async {
            let mut byte = [0];
            while !String::from_utf8_lossy(&back).ends_with(hears) {
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    break;
                }
                back.push(byte[0]);
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(5), reading)
            .await
            .is_ok();
        let text = String::from_utf8_lossy(&back).into_owned();
        let mut lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
        let varies = |line: &String| {
            line.starts_with("date: ")
                || line.contains("x-envoy-upstream-service-time")
                || line.contains("x-request-id")
                || line.starts_with("tries: ")
                || line.starts_with("content-length: ")
        };
        lines.retain(|line| !varies(line));
        if let Some((_, head)) = lines.split_first_mut() {
            head.sort_unstable();
        }
        came.push((
            format!("{label} {number} heard"),
            format!("{heard} {}", lines.join(" ")),
        ));
    }
    came
}
