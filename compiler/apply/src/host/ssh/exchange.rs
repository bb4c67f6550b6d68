//! One command over one channel: input and output at the same time.
//!
//! The session does not block meanwhile: a command that ends before it has read everything must be noticed, and
//! libssh2's blocking write would wait for a window that never opens.

use std::io::{self, Read, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ssh2::{BlockDirections, Channel, Session};

use crate::host::{Output, RunError};

/// Runs `line` with `input`.
pub(super) fn run(
    session: &Session,
    line: &str,
    input: &mut dyn Read,
    silence: Duration,
) -> Result<Output, RunError> {
    let lost = |error: ssh2::Error| RunError::Lost(error.message().to_owned());
    let mut channel = session.channel_session().map_err(lost)?;
    channel.exec(line).map_err(lost)?;
    session.set_blocking(false);
    let ended = exchange(session, &mut channel, input, silence);
    // After a failure nobody answers any more: a session that blocks would wait for that when it is closed.
    let (stdout, stderr) = ended?;
    session.set_blocking(true);
    channel.wait_close().map_err(lost)?;
    let signal = channel.exit_signal().ok().and_then(|signal| signal.exit_signal);
    let status = if signal.is_some() {
        None
    } else {
        channel.exit_status().ok()
    };
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

fn exchange(
    session: &Session,
    channel: &mut Channel,
    input: &mut dyn Read,
    silence: Duration,
) -> Result<(Vec<u8>, Vec<u8>), RunError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut feed = Feed::new();
    loop {
        let mut moved = feed.push(channel, input)?;
        // A packet that is half sent must be finished before libssh2 may send another one, such as for a window.
        if !sending(session) {
            moved |= drain(&mut channel.stream(0), &mut stdout)?;
            moved |= drain(&mut channel.stderr(), &mut stderr)?;
            if channel.eof() {
                return Ok((stdout, stderr));
            }
        }
        if !moved {
            wait(session, silence)?;
        }
    }
}

/// Input on its way.
struct Feed {
    chunk: Vec<u8>,
    start: usize,
    end: usize,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    /// All was read; the end is to be told.
    Ending,
    Closed,
}

impl Feed {
    fn new() -> Self {
        Self {
            chunk: vec![0; 128 * 1024],
            start: 0,
            end: 0,
            state: State::Open,
        }
    }

    /// Moves some bytes on; false when nothing could be moved.
    fn push(&mut self, channel: &mut Channel, input: &mut dyn Read) -> Result<bool, RunError> {
        let mut moved = false;
        if self.state == State::Open && self.start == self.end {
            (self.start, self.end) = (0, input.read(&mut self.chunk).map_err(RunError::Input)?);
            if self.end == 0 {
                self.state = State::Ending;
            }
        }
        if self.start < self.end
            && !channel.eof()
            && let Some(length) = unless_blocked(channel.write(&self.chunk[self.start..self.end]))?
        {
            self.start += length;
            moved = length > 0;
        }
        if self.state == State::Ending && told(channel.send_eof())? {
            self.state = State::Closed;
            moved = true;
        }
        Ok(moved)
    }
}

fn drain(stream: &mut ssh2::Stream, into: &mut Vec<u8>) -> Result<bool, RunError> {
    let mut chunk = [0; 16 * 1024];
    let mut moved = false;
    while let Some(length) = unless_blocked(stream.read(&mut chunk))? {
        if length == 0 {
            break;
        }
        into.extend_from_slice(&chunk[..length]);
        moved = true;
    }
    Ok(moved)
}

fn unless_blocked(result: io::Result<usize>) -> Result<Option<usize>, RunError> {
    match result {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(RunError::Lost(error.to_string())),
    }
}

/// LIBSSH2_ERROR_EAGAIN.
const AGAIN: ssh2::ErrorCode = ssh2::ErrorCode::Session(-37);

fn told(result: Result<(), ssh2::Error>) -> Result<bool, RunError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.code() == AGAIN => Ok(false),
        Err(error) => Err(RunError::Lost(error.message().to_owned())),
    }
}

pub(super) fn sending(session: &Session) -> bool {
    matches!(
        session.block_directions(),
        BlockDirections::Outbound | BlockDirections::Both
    )
}

#[expect(
    unsafe_code,
    reason = "ssh2 lends its socket as a number; poll(2) wants one that is borrowed"
)]
fn wait(session: &Session, silence: Duration) -> Result<(), RunError> {
    // SAFETY: the session owns its socket, and outlives this function.
    let socket = unsafe { BorrowedFd::borrow_raw(session.as_raw_fd()) };
    let flags = if sending(session) {
        PollFlags::POLLIN | PollFlags::POLLOUT
    } else {
        PollFlags::POLLIN
    };
    let timeout = PollTimeout::try_from(silence).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(socket, flags)], timeout) {
        Ok(0) => Err(RunError::Silent(silence)),
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(error) => Err(RunError::Lost(error.to_string())),
    }
}
