use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::body::Shared;

/// What is read at once.
const READ: usize = 32 * 1024;
/// Reads in a row, before others have their turn.
const READS: usize = 4;
/// While so much waits to be written, nothing more is read that asks for answers.
const UNWRITTEN: usize = 256 * 1024;
/// Connections keep no buffer that has become larger than this, and threads none that is larger than the other.
const KEPT: usize = 2 * 1024;
const SPARED: usize = 256 * 1024;

thread_local! {
    /// What was read is taken out at once: one buffer does for all connections of a thread.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
    /// What is to be written often needs much for a moment: what one connection has written, the next one uses again.
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// There may be more.
    Some,
    /// Nothing, since too much waits to be written.
    Full,
    /// The other end sends no more.
    End,
}

/// The socket of a connection: bytes in as many as there are, and out in as few writes as can be.
#[derive(Debug)]
pub(crate) struct Wire<IO> {
    io: IO,
    /// The beginning of a frame.
    partial: Vec<u8>,
    writing: Vec<u8>,
    written: usize,
    unflushed: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self {
            io,
            partial: Vec::new(),
            writing: Vec::new(),
            written: 0,
            unflushed: false,
        }
    }

    /// Hands what came to the connection, until nothing more is there.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, shared: &Shared) -> Poll<io::Result<Read>> {
        // Who writes nothing back would be fed without end otherwise.
        if self.writing.len() - self.written + shared.lock().output().len() > UNWRITTEN {
            return Poll::Ready(Ok(Read::Full));
        }
        for _ in 0..READS {
            if ready!(BUFFER.with_borrow_mut(|buffer| self.read(cx, shared, buffer)))? == Read::End {
                return Poll::Ready(Ok(Read::End));
            }
        }
        Poll::Ready(Ok(Read::Some))
    }

    fn read(&mut self, cx: &mut Context<'_>, shared: &Shared, buffer: &mut [u8]) -> Poll<io::Result<Read>> {
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        let bytes = read.filled();
        if bytes.is_empty() {
            return Poll::Ready(Ok(Read::End));
        }
        if self.partial.is_empty() {
            let taken = shared.lock().receive(bytes);
            self.partial.extend_from_slice(&bytes[taken..]);
            return Poll::Ready(Ok(Read::Some));
        }
        self.partial.extend_from_slice(bytes);
        let taken = shared.lock().receive(&self.partial);
        self.partial.drain(..taken);
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
        Poll::Ready(Ok(Read::Some))
    }

    /// Much is about to be put together.
    pub(crate) fn prepare(shared: &Shared) {
        let mut state = shared.lock();
        if state.output().capacity() == 0 {
            *state.output() = SPARE.take();
        }
    }

    /// Writes all that there is to write.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, shared: &Shared) -> Poll<io::Result<()>> {
        loop {
            while self.written < self.writing.len() {
                let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.writing[self.written..]))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += count;
                self.unflushed = true;
            }
            self.written = 0;
            self.writing.clear();
            let mut state = shared.lock();
            if state.output().is_empty() {
                spare(state.output());
                spare(&mut self.writing);
                break;
            }
            std::mem::swap(state.output(), &mut self.writing);
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Gives a large buffer to whoever needs one next.
fn spare(buffer: &mut Vec<u8>) {
    if buffer.capacity() <= KEPT {
        return;
    }
    let buffer = std::mem::take(buffer);
    SPARE.with_borrow_mut(|spare| {
        if (spare.capacity()..=SPARED).contains(&buffer.capacity()) {
            *spare = buffer;
        }
    });
}
