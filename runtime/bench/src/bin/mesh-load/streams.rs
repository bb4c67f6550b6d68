//! The application of HTTP/2.

use std::collections::VecDeque;

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpStream;

use super::backend::SIZE;
use super::frames::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE,
};

/// `SETTINGS_MAX_CONCURRENT_STREAMS` of 1024.
const STREAMS: [u8; 6] = [0, 3, 0, 0, 4, 0];
/// `SETTINGS_INITIAL_WINDOW_SIZE`.
const INITIAL_WINDOW: [u8; 2] = [0, 4];

/// Answers every request of a connection; what a request says is not looked at.
pub(crate) async fn answer(stream: TcpStream) -> Result<()> {
    let mut frames = Frames::new(stream);
    frames.expect(PREFACE).await?;
    frames.put(SETTINGS, 0, 0, &STREAMS);
    let body = [b'x'; SIZE];
    let mut head = first_head();
    let mut window: usize = 65_535;
    let mut asked = VecDeque::new();
    loop {
        let frame = frames.next().await?;
        match frame.kind {
            HEADERS => {
                let whole = END_HEADERS | END_STREAM;
                ensure!(
                    frame.flags & whole == whole,
                    "a request that has more than a head"
                );
                asked.push_back(frame.stream);
            }
            WINDOW_UPDATE if frame.stream == 0 => window += increment(&frame)?,
            SETTINGS if frame.flags & ACK == 0 => has_room(frame.payload)?,
            _ => {}
        }
        while window >= SIZE
            && let Some(stream) = asked.pop_front()
        {
            window -= SIZE;
            frames.put(HEADERS, END_HEADERS, stream, &head);
            frames.put(DATA, END_STREAM, stream, &body);
            // `:status 200`, and from now on both headers out of the table.
            head = vec![0x88, 0xbf, 0xbe];
        }
    }
}

/// `:status 200`, `content-length` and `content-type` for the table.
fn first_head() -> Vec<u8> {
    let mut head = vec![0x88];
    for (name, value) in [(28, SIZE.to_string()), (31, "text/plain".to_owned())] {
        head.extend([0x40 | name, value.len() as u8]);
        head.extend(value.as_bytes());
    }
    head
}

fn increment(frame: &Frame<'_>) -> Result<usize> {
    let bytes = frame.payload.first_chunk::<4>().context("a short frame")?;
    Ok(u32::from_be_bytes(*bytes) as usize)
}

/// Every stream takes a whole answer at once.
fn has_room(settings: &[u8]) -> Result<()> {
    let small = settings.chunks_exact(6).any(|setting| {
        let (name, value) = setting.split_at(2);
        name == INITIAL_WINDOW && value < &(SIZE as u32).to_be_bytes()[..]
    });
    ensure!(!small, "windows of less than an answer");
    Ok(())
}
