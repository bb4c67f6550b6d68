use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

/// What is read at once.
const SCRATCH: usize = 32 * 1024;

thread_local! {
    /// Where every connection of a thread reads to: none keeps room for what has not come yet.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// What was read of a connection and has not been used.
#[derive(Debug, Default)]
pub(super) struct Input(Bytes);

impl Input {
    /// Reads once; tells how much came, 0 at the end.
    pub(super) fn poll_fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        READ.with_borrow_mut(|scratch| {
            let mut read = ReadBuf::new(scratch);
            ready!(Pin::new(stream).poll_read(cx, &mut read))?;
            let read = read.filled();
            self.0 = match (self.0.is_empty(), read.is_empty()) {
                (_, true) => return Poll::Ready(Ok(0)),
                (true, _) => Bytes::copy_from_slice(read),
                (false, _) => joined(std::mem::take(&mut self.0), read),
            };
            Poll::Ready(Ok(read.len()))
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of it, which stays.
    pub(super) fn shared(&self) -> Bytes {
        self.0.clone()
    }

    /// The first `most` bytes, or as many as there are.
    pub(super) fn take(&mut self, most: u64) -> Bytes {
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.0.len());
        if count == self.0.len() {
            return std::mem::take(&mut self.0);
        }
        self.0.split_to(count)
    }
}

/// In room that grows by halves, so that what comes in small pieces is not copied for each of them.
fn joined(before: Bytes, read: &[u8]) -> Bytes {
    let mut all = before
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    all.extend_from_slice(read);
    all.freeze()
}

#[cfg(any(test, fuzzing))]
impl Input {
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.0 = joined(std::mem::take(&mut self.0), bytes);
    }
}
