//! Waiting until something answers, from inside a namespace of the lab.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};

use crate::files::FileError;

/// Between two tries of a condition.
const PAUSE: Duration = Duration::from_millis(25);

/// Something did not answer in time.
#[derive(Debug, thiserror::Error)]
pub enum ReadyError {
    /// The namespace could not be entered.
    #[error("cannot enter the namespace: {0}")]
    Enter(#[from] nix::Error),
    /// The namespace is not there.
    #[error(transparent)]
    File(#[from] FileError),
    /// The deadline has passed.
    #[error("{what} did not answer within {} s", within.as_secs())]
    Deadline {
        /// Who.
        what: String,
        /// The bound.
        within: Duration,
    },
}

/// What counts as an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// The connection stands.
    Connects,
    /// The server speaks first, beginning so.
    Greets(&'static str),
    /// `GET PATH` is answered with 200.
    Http(&'static str),
}

/// Waits until `address`, seen from the network namespace `netns`, gives `answer`.
pub(crate) fn wait(
    netns: &Path,
    address: SocketAddr,
    answer: Answer,
    within: Duration,
) -> Result<(), ReadyError> {
    let file = File::open(netns).map_err(|source| FileError::new("open", netns, source))?;
    // A namespace is entered by a thread, so that the rest of the program stays where it is.
    let inside = move || {
        setns(file, CloneFlags::CLONE_NEWNET)?;
        until(
            within,
            || gives(address, answer),
            || format!("{address} ({answer:?})"),
        )
    };
    std::thread::scope(|scope| match scope.spawn(inside).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Waits until `holds`.
pub(crate) fn until(
    within: Duration,
    mut holds: impl FnMut() -> bool,
    what: impl Fn() -> String,
) -> Result<(), ReadyError> {
    let deadline = Instant::now() + within;
    while !holds() {
        if Instant::now() > deadline {
            return Err(ReadyError::Deadline { what: what(), within });
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn gives(address: SocketAddr, answer: Answer) -> bool {
    let bound = Duration::from_secs(2);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, bound) else {
        return false;
    };
    let timed = stream.set_read_timeout(Some(bound)).is_ok();
    match answer {
        Answer::Connects => true,
        Answer::Greets(words) => timed && begins(&mut stream, words),
        Answer::Http(path) => {
            let asked = write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            );
            timed && asked.is_ok() && begins(&mut stream, "HTTP/1.1 200")
        }
    }
}

fn begins(stream: &mut TcpStream, words: &str) -> bool {
    let mut first = vec![0; words.len()];
    stream.read_exact(&mut first).is_ok() && first == words.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_never_holds_is_named() {
        let error = until(Duration::ZERO, || false, || "the moon".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "the moon did not answer within 0 s");
    }

    #[test]
    fn a_greeting_is_an_answer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| listener.accept().unwrap().0.write_all(b"SSH-2.0-x\r\n").unwrap());
            assert!(gives(address, Answer::Greets("SSH-")));
        });
    }
}
