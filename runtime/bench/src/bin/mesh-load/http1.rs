use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use mesh_bench::HOST;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that carries one request after the other. It looks at no more of an answer than where it ends.
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let request = format!("GET /posts HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: load\r\n\r\n");
        Ok(Self {
            stream,
            request: request.into_bytes(),
            read: Vec::with_capacity(16 * 1024),
        })
    }

    /// One request; tells how long its answer's body was.
    pub(crate) async fn ask(&mut self) -> Result<u64> {
        self.stream.write_all(&self.request).await?;
        self.read.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "closed");
            let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let body = length(&self.read[..end])?;
            while self.read.len() < end + 4 + body {
                ensure!(self.stream.read_buf(&mut self.read).await? > 0, "closed");
            }
            return Ok(body as u64);
        }
    }

    /// Reads what comes.
    pub(crate) async fn take(&mut self) -> Result<u64> {
        self.read.resize(64 * 1024, 0);
        let count = self.stream.read(&mut self.read).await?;
        ensure!(count > 0, "closed");
        Ok(count as u64)
    }
}

/// Of the body that follows this head.
fn length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        bail!("answered with `{status}`");
    }
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    Ok(length.context("an answer without its length")?.trim().parse()?)
}
