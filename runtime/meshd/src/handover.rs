//! One process hands its sockets to the next one, where systemd does not hold them.
//!
//! The next one asks on a socket in the state folder, and gets copies of all sockets that are listened on ([`Predecessor`]).
//! It makes itself ready and says so; only then does the old one take nothing new, finish what is under way, and end
//! ([`Door`], [`Successor`]). Until that word, and when the next one dies before the old one has ended, the old one serves:
//! the sockets are open all the time, so that nobody is refused.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::{UnixListener as Listener, UnixStream as Stream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::{UnixListener, UnixStream};

use crate::failure::Failure;
use crate::layout::Layout;
use crate::sockets::Sockets;

/// Said with the sockets. Another version that does it otherwise says something else.
const OFFER: &[u8] = b"meshd sockets 1\n";
/// Said by the next process when it begins to serve.
const SERVING: &[u8] = b"serving\n";
/// Said to it when that comes too late: nobody waits for it any more.
const LATE: &[u8] = b"too late\n";
/// Said by it when it ends by itself: nobody is to step in for it.
const OVER: &[u8] = b"over\n";
/// How long one waits for the other's word: reading a large snapshot takes a second.
const PATIENCE: Duration = Duration::from_secs(20);
/// Sockets in one message, at most.
const MOST: usize = 64;
/// Times that a process is asked which then is gone.
const TRIES: usize = 3;

/// Where the next process asks.
pub(crate) fn path(layout: &Layout) -> PathBuf {
    layout.state().join("hand-over.sock")
}

/// Listens at `path`. What lies there is of a process that is gone: whoever serves has the ports, and would have been asked.
pub(crate) fn listen(path: &Path) -> io::Result<Listener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = Listener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The process that serves so far, as seen by the next one.
#[derive(Debug)]
pub(crate) struct Predecessor {
    stream: Stream,
}

impl Predecessor {
    /// Asks whoever serves for copies of its sockets; `None` where nobody does.
    pub(crate) fn ask(path: &Path) -> Option<(Self, Vec<RawFd>)> {
        for _ in 0..TRIES {
            let stream = Stream::connect(path).ok()?;
            match receive(&stream) {
                Ok(sockets) => return Some((Self { stream }, sockets)),
                Err(error) => tracing::warn!(%error, "the process before does not hand over its sockets"),
            }
        }
        None
    }

    /// Has it take nothing new, and end.
    pub(crate) fn relieve(&mut self) -> Result<(), Failure> {
        let Err(cause) = self.stream.write_all(SERVING) else {
            return Ok(());
        };
        // Gone without a word, it was told to stop: the sockets are nobody else's.
        let late = self.stream.read(&mut [0; LATE.len()]).is_ok_and(|said| said > 0);
        if late {
            return Err(Failure::new("take over from the process that serves", cause));
        }
        Ok(())
    }

    /// Says that this process ends by its own will.
    pub(crate) fn leave(mut self) {
        // It is gone, mostly.
        let _gone = self.stream.write_all(OVER);
    }
}

fn receive(stream: &Stream) -> io::Result<Vec<RawFd>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut said = [0; OFFER.len()];
    let mut space = cmsg_space!([RawFd; MOST]);
    let mut buffers = [IoSliceMut::new(&mut said)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut buffers, Some(&mut space), flags)?;
    let (mut sockets, length) = (Vec::new(), message.bytes);
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(passed) = part {
            sockets.extend(passed);
        }
    }
    if said[..length] == *OFFER {
        return Ok(sockets);
    }
    Err(io::Error::other("it is of a version that does so in another way"))
}

/// Where the next process asks for the sockets of this one.
#[derive(Debug)]
pub(crate) struct Door {
    listener: Option<UnixListener>,
}

impl Door {
    /// Of the sockets that are this process's own. Those that systemd holds are passed on by systemd.
    pub(crate) fn of(sockets: &Sockets) -> io::Result<Self> {
        let listener = sockets.hand_over.as_ref().map(Listener::try_clone).transpose()?;
        let listener = listener.map(UnixListener::from_std).transpose()?;
        Ok(Self { listener })
    }

    /// Waits for a process that serves from now on with these sockets.
    pub(crate) async fn successor(&self, sockets: &Sockets) -> Successor {
        let Some(listener) = &self.listener else {
            return std::future::pending().await;
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => match hand_over(stream, sockets).await {
                    Ok(successor) => return successor,
                    Err(error) => {
                        tracing::warn!(%error, "the next process does not serve; this one goes on");
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "nobody can ask for the sockets");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

async fn hand_over(mut stream: UnixStream, sockets: &Sockets) -> io::Result<Successor> {
    let (asker, own) = (stream.peer_cred()?.uid(), nix::unistd::geteuid().as_raw());
    if asker != own && asker != 0 {
        return Err(io::Error::other(format!(
            "user {asker} has no right to the sockets"
        )));
    }
    let descriptors = sockets.descriptors();
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let send = || {
        let buffers = [IoSlice::new(OFFER)];
        Ok(sendmsg::<()>(
            stream.as_raw_fd(),
            &buffers,
            &rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )?)
    };
    stream.async_io(Interest::WRITABLE, send).await?;
    let mut word = [0; SERVING.len()];
    let Ok(read) = tokio::time::timeout(PATIENCE, stream.read_exact(&mut word)).await else {
        stream.write_all(LATE).await?;
        return Err(io::ErrorKind::TimedOut.into());
    };
    read?;
    if word == *SERVING {
        return Ok(Successor { stream });
    }
    Err(io::Error::other("it says something else"))
}

/// The process that serves from now on.
#[derive(Debug)]
pub(crate) struct Successor {
    stream: UnixStream,
}

impl Successor {
    /// Waits until it dies. One that ends by its own will does not.
    pub(crate) async fn died(&mut self) {
        let mut word = [0; OVER.len()];
        if self.stream.read_exact(&mut word).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }
}
