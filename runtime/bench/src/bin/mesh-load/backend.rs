//! The application: it answers at once, as cheaply as it can.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use mesh_bench::Kind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::streams;

/// Of an answer's body.
pub(super) const SIZE: usize = 1024;
/// What is written at once where bytes are all that counts.
const CHUNK: usize = 64 * 1024;

/// Serves until it is ended.
pub(crate) async fn serve(kind: Kind, listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| listen.to_string())?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A connection's end is its client's affair.
        tokio::spawn(async move {
            let _ended = match kind {
                Kind::Tcp => pour(stream).await,
                Kind::Http1 => answer(stream).await,
                Kind::Http2 => streams::answer(stream).await,
            };
        });
    }
}

async fn pour(mut stream: TcpStream) -> Result<()> {
    let chunk = vec![b'x'; CHUNK];
    loop {
        stream.write_all(&chunk).await?;
    }
}

/// Requests have no body here: a blank line is the end of one.
async fn answer(mut stream: TcpStream) -> Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\ncontent-type: text/plain\r\n\r\n");
    let response = [head.as_bytes(), &[b'x'; SIZE]].concat();
    let mut read = Vec::with_capacity(8192);
    while stream.read_buf(&mut read).await? > 0 {
        while let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            read.drain(..end + 4);
            stream.write_all(&response).await?;
        }
    }
    Ok(())
}
