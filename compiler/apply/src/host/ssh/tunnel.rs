//! A connection through a jump host: a channel of its session, with a socket pair at our end.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ssh2::{Channel, Session};

use super::Endpoint;
use super::exchange::sending;
use crate::failure::Failure;

/// Opens a channel to `to` on the jump host's `session`, which lives as long as the tunnel.
pub(super) fn open(session: Session, to: &Endpoint, timeout: Duration) -> Result<OwnedFd, Failure> {
    let what = format!("cannot connect to {} through its jump host", to.describe());
    let remedy = "can the jump host reach the machine, and does its sshd allow `AllowTcpForwarding`?";
    let failed = |code, cause: String| Failure::new(code, what.clone(), cause, remedy);
    let host = to.host.trim_matches(['[', ']']);
    let channel = session
        .channel_direct_tcpip(host, to.port, None)
        .map_err(|error| match error.code() {
            ssh2::ErrorCode::Session(-9) => {
                failed("timeout", format!("no answer within {} s", timeout.as_secs()))
            }
            _ => failed("jump", error.message().to_owned()),
        })?;
    let pair = UnixStream::pair().and_then(|(ours, theirs)| {
        theirs.set_nonblocking(true)?;
        Ok((ours, theirs))
    });
    let (ours, theirs) = pair.map_err(|error| failed("jump", error.to_string()))?;
    thread::spawn(move || {
        session.set_blocking(false);
        // Whoever holds the other end sees how it ended: the stream is closed.
        let _ = bridge(&session, channel, theirs);
    });
    Ok(ours.into())
}

/// Bytes on their way in one direction.
#[derive(Default)]
struct Pipe {
    bytes: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Pipe {
    fn empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Reads when nothing is left to write.
    fn fill(&mut self, from: &mut impl Read) -> io::Result<bool> {
        if !self.empty() || self.ended {
            return Ok(false);
        }
        self.bytes.resize(64 * 1024, 0);
        let length = unless_blocked(from.read(&mut self.bytes));
        self.bytes
            .truncate(length.as_ref().ok().copied().flatten().unwrap_or(0));
        self.start = 0;
        self.ended = matches!(length, Ok(Some(0)));
        Ok(matches!(length?, Some(read) if read > 0))
    }

    fn flush(&mut self, to: &mut impl Write) -> io::Result<bool> {
        if self.empty() {
            return Ok(false);
        }
        let length = unless_blocked(to.write(&self.bytes[self.start..]))?.unwrap_or(0);
        self.start += length;
        Ok(length > 0)
    }
}

fn unless_blocked(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn bridge(session: &Session, mut channel: Channel, mut local: UnixStream) -> io::Result<()> {
    let (mut up, mut down) = (Pipe::default(), Pipe::default());
    loop {
        let mut moved = up.fill(&mut local)?;
        moved |= up.flush(&mut channel)?;
        if !sending(session) {
            moved |= down.fill(&mut channel)?;
        }
        moved |= down.flush(&mut local)?;
        let over = (up.ended && up.empty()) || ((down.ended || channel.eof()) && down.empty());
        if over {
            return Ok(());
        }
        if !moved {
            wait(session, &local, &up, &down)?;
        }
    }
}

#[expect(
    unsafe_code,
    reason = "ssh2 lends its socket as a number; poll(2) wants one that is borrowed"
)]
fn wait(session: &Session, local: &UnixStream, up: &Pipe, down: &Pipe) -> io::Result<()> {
    // SAFETY: the session owns its socket, and outlives this function.
    let socket = unsafe { BorrowedFd::borrow_raw(session.as_raw_fd()) };
    let flag = |wanted, flag| if wanted { flag } else { PollFlags::empty() };
    let remote = PollFlags::POLLIN | flag(sending(session), PollFlags::POLLOUT);
    let near = flag(up.empty(), PollFlags::POLLIN) | flag(!down.empty(), PollFlags::POLLOUT);
    let mut both = [PollFd::new(socket, remote), PollFd::new(local.as_fd(), near)];
    match poll(&mut both, PollTimeout::NONE) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
