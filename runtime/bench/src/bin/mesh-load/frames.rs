//! Frames of HTTP/2 (RFC 9113, 4), no more of them than a load needs.

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// Of what is before a frame's payload.
const HEAD: usize = 9;

/// One that was read.
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: &'a [u8],
}

/// A connection: what is put is written when the next frame has to be waited for.
pub(crate) struct Frames {
    stream: TcpStream,
    read: Vec<u8>,
    /// Where the next frame begins.
    at: usize,
    written: Vec<u8>,
}

impl Frames {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::with_capacity(32 * 1024),
            at: 0,
            written: Vec::with_capacity(32 * 1024),
        }
    }

    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    pub(crate) fn put(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.written.extend_from_slice(&length.to_be_bytes()[1..]);
        self.written.extend_from_slice(&[kind, flags]);
        self.written.extend_from_slice(&stream.to_be_bytes());
        self.written.extend_from_slice(payload);
    }

    /// Takes `bytes` off, which the other end begins with.
    pub(crate) async fn expect(&mut self, bytes: &[u8]) -> Result<()> {
        while self.read.len() < bytes.len() {
            self.fill().await?;
        }
        ensure!(self.read.starts_with(bytes), "no connection of HTTP/2");
        self.at = bytes.len();
        Ok(())
    }

    /// The next one that is not answered here; an error where the other end gives up.
    pub(crate) async fn next(&mut self) -> Result<Frame<'_>> {
        loop {
            let Some((head, end)) = self.whole() else {
                self.fill().await?;
                continue;
            };
            let begin = self.at + HEAD;
            self.at = end;
            match head.kind {
                SETTINGS if head.flags & ACK == 0 => self.put(SETTINGS, ACK, 0, &[]),
                PING if head.flags & ACK == 0 => {
                    let payload = self.read[begin..end].to_vec();
                    self.put(PING, ACK, 0, &payload);
                    continue;
                }
                RST_STREAM | GOAWAY => bail!("given up: {:?}", &self.read[begin..end]),
                _ => {}
            }
            let payload = &self.read[begin..end];
            return Ok(Frame { payload, ..head });
        }
    }

    /// The head of the frame that was read to its end, and where that is.
    fn whole(&self) -> Option<(Frame<'static>, usize)> {
        let [a, b, c, kind, flags, s, t, u, v] = *self.read.get(self.at..)?.first_chunk::<HEAD>()?;
        let end = self.at + HEAD + u32::from_be_bytes([0, a, b, c]) as usize;
        let head = Frame {
            kind,
            flags,
            stream: u32::from_be_bytes([s & 0x7f, t, u, v]),
            payload: &[],
        };
        (end <= self.read.len()).then_some((head, end))
    }

    async fn fill(&mut self) -> Result<()> {
        if !self.written.is_empty() {
            self.stream.write_all(&self.written).await?;
            self.written.clear();
        }
        self.read.drain(..self.at);
        self.at = 0;
        ensure!(self.stream.read_buf(&mut self.read).await? > 0, "closed");
        Ok(())
    }
}
