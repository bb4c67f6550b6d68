use std::net::SocketAddr;

use anyhow::{Result, ensure};
use mesh_bench::HOST;
use tokio::net::TcpStream;

use super::frames::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE};

/// How much may be sent to us on a connection before we say more: as much as can be.
const WINDOW: u32 = (1 << 31) - 1;
/// What everybody begins with (RFC 9113, 6.9.2).
const FIRST_WINDOW: u32 = 65_535;

/// A connection that carries one request after the other. It looks at no more of an answer than its status, and where it
/// ends.
pub(crate) struct Connection {
    frames: Frames,
    stream: u32,
    request: Vec<u8>,
    /// Taken of the connection's window.
    taken: u32,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let mut frames = Frames::new(stream);
        frames.put_bytes(PREFACE);
        frames.put(SETTINGS, 0, 0, &[]);
        frames.put(WINDOW_UPDATE, 0, 0, &(WINDOW - FIRST_WINDOW).to_be_bytes());
        // `:method GET`, `:scheme http`, and a path and an authority for the table.
        let mut request = vec![0x82, 0x86];
        for (name, value) in [(0x44, "/posts"), (0x41, HOST)] {
            request.extend([name, u8::try_from(value.len())?]);
            request.extend(value.as_bytes());
        }
        Ok(Self {
            frames,
            stream: 1,
            request,
            taken: 0,
        })
    }

    /// One request; tells how long its answer's body was.
    pub(crate) async fn ask(&mut self) -> Result<u64> {
        let stream = self.stream;
        self.frames
            .put(HEADERS, END_HEADERS | END_STREAM, stream, &self.request);
        // From now on path and authority are in the table.
        self.request = vec![0x82, 0x86, 0xbf, 0xbe];
        self.stream += 2;
        let mut size = 0;
        loop {
            let frame = self.frames.next().await?;
            match frame.kind {
                HEADERS => ensure!(is_well(frame.payload), "answered with {:?}", frame.payload),
                DATA => size += frame.payload.len(),
                _ => continue,
            }
            ensure!(frame.stream == stream, "an answer to nothing that was asked");
            if frame.flags & END_STREAM != 0 {
                break;
            }
        }
        let taken = u32::try_from(size)?;
        self.taken += taken;
        if self.taken > WINDOW / 2 {
            self.frames.put(WINDOW_UPDATE, 0, 0, &self.taken.to_be_bytes());
            self.taken = 0;
        }
        Ok(u64::from(taken))
    }
}

/// Whether a block begins with `:status 200`, behind what it says of the table's size (RFC 7541, 6.3).
fn is_well(mut block: &[u8]) -> bool {
    while let [0x20..=0x3f, rest @ ..] = block {
        let long = block[0] & 0x1f == 0x1f;
        let more = rest.iter().take_while(|byte| long && **byte & 0x80 != 0).count();
        block = &rest[more + usize::from(long)..];
    }
    block.first() == Some(&0x88)
}
