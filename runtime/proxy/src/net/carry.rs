use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Read before it is written on: enough of bulk that the system is seldom asked, and little enough that it goes, with
/// what TLS and the headers below it add, as one packet of 64 KiB, the longest there is. A little more would be a
/// packet of its own, and wake the other end for itself.
const PART: usize = 62 * 1024;
/// With less room than this, a record of TLS, what was read is written first.
const LEAST: usize = 16 * 1024;

thread_local! {
    /// What is on its way between two polls lies with its connection, and is seldom anything: one place serves all.
    static SPARE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// How much went through a connection so far. Only who carries it writes here.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    read: AtomicU64,
    written: AtomicU64,
}

impl Counters {
    /// From the client.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// To the client.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

fn add(counter: &AtomicU64, count: usize) {
    let before = counter.load(Ordering::Relaxed);
    counter.store(before + count as u64, Ordering::Relaxed);
}

/// Carries bytes both ways until both ends have ended, or one fails. The server gets `first` before all others.
///
/// An end without TLS's own goodbye counts as an end: Envoy's peers often close like that, and what follows
/// in the other direction must not be lost.
pub(crate) async fn carry<C, S>(
    client: &mut C,
    server: &mut S,
    first: Bytes,
    counters: &Counters,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut up = Way {
        first,
        ..Way::default()
    };
    let mut down = Way::default();
    poll_fn(|cx| {
        let mut part = SPARE.take().unwrap_or_else(|| vec![0; PART].into());
        let polled = (
            up.poll(cx, client, server, &mut part, Count::Read(&counters.read)),
            down.poll(cx, server, client, &mut part, Count::Written(&counters.written)),
        );
        SPARE.set(Some(part));
        match polled {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    })
    .await
}

/// What of a direction is counted: the client's side of it.
enum Count<'a> {
    Read(&'a AtomicU64),
    Written(&'a AtomicU64),
}

impl Count<'_> {
    fn read(&self, count: usize) {
        if let Self::Read(counter) = self {
            add(counter, count);
        }
    }

    fn written(&self, count: usize) {
        if let Self::Written(counter) = self {
            add(counter, count);
        }
    }
}

/// One direction.
#[derive(Default)]
struct Way {
    /// Not read, and to be written before all that is.
    first: Bytes,
    /// Read, and not taken by the other end yet.
    behind: Bytes,
    /// Taken, but maybe not sent.
    unsent: bool,
    /// There is nothing more to read.
    ended: bool,
    /// Why, where that is an error; told when all before it is written.
    failed: Option<io::Error>,
    /// The other end knows that it has ended.
    closed: bool,
}

impl Way {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        part: &mut [u8],
        count: Count<'_>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.closed {
            let mut behind = std::mem::take(&mut self.behind);
            let written = self.write(cx, to, &behind, &count)?;
            behind.advance(written);
            if !behind.is_empty() {
                self.behind = behind;
                return Poll::Pending;
            }
            if self.unsent {
                ready!(Pin::new(&mut *to).poll_flush(cx))?;
                self.unsent = false;
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            if self.ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.closed = true;
                break;
            }
            let mut read = ReadBuf::new(part);
            let first = std::mem::take(&mut self.first);
            if first.len() > read.remaining() - LEAST {
                self.behind = first;
                continue;
            }
            read.put_slice(&first);
            let waits = self.read(cx, from, &mut read);
            let read = read.filled();
            count.read(read.len() - first.len());
            let written = self.write(cx, to, read, &count)?;
            if written < read.len() {
                self.behind = Bytes::copy_from_slice(&read[written..]);
                return Poll::Pending;
            }
            if self.unsent {
                ready!(Pin::new(&mut *to).poll_flush(cx))?;
                self.unsent = false;
            }
            if waits {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads all that there is; whether more is waited for.
    fn read<R>(&mut self, cx: &mut Context<'_>, from: &mut R, read: &mut ReadBuf<'_>) -> bool
    where
        R: AsyncRead + Unpin,
    {
        while read.remaining() >= LEAST {
            let before = read.filled().len();
            match Pin::new(&mut *from).poll_read(cx, read) {
                Poll::Pending => return true,
                Poll::Ready(Ok(())) if read.filled().len() > before => {}
                Poll::Ready(ended) => {
                    self.ended = true;
                    self.failed = ended
                        .err()
                        .filter(|error| error.kind() != io::ErrorKind::UnexpectedEof);
                    return false;
                }
            }
        }
        false
    }

    /// Writes until the other end takes no more; how much it took.
    fn write<W>(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut W,
        bytes: &[u8],
        count: &Count<'_>,
    ) -> io::Result<usize>
    where
        W: AsyncWrite + Unpin,
    {
        let mut taken = 0;
        while taken < bytes.len() {
            match Pin::new(&mut *to).poll_write(cx, &bytes[taken..]) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(more)) => {
                    taken += more;
                    self.unsent = true;
                    count.written(more);
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn all_arrives_whatever_the_ends_take_at_once() {
        for (room, first) in [(1, 0), (7, 3), (4096, 100_000), (1 << 20, 500)] {
            let first = Bytes::from(vec![9; first]);
            let (mut client, mut near) = duplex(room);
            let (mut far, mut server) = duplex(room + 1);
            let counters = Counters::default();
            let sent: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
            let answer = vec![7; 5000];
            let asks = async {
                client.write_all(&sent).await.unwrap();
                client.shutdown().await.unwrap();
                let mut got = Vec::new();
                client.read_to_end(&mut got).await.unwrap();
                got
            };
            let answers = async {
                let mut got = Vec::new();
                server.read_to_end(&mut got).await.unwrap();
                // The other direction goes on after this one has ended.
                server.write_all(&answer).await.unwrap();
                server.shutdown().await.unwrap();
                got
            };
            let (carried, answered, asked) = tokio::join!(
                carry(&mut near, &mut far, first.clone(), &counters),
                asks,
                answers
            );
            carried.unwrap();
            assert!(
                asked == [&first[..], &sent[..]].concat() && answered == answer,
                "{room}"
            );
            assert_eq!((counters.read(), counters.written()), (300_000, 5000));
        }
    }

    #[tokio::test]
    async fn what_came_before_an_error_is_carried() {
        let mut near = Failing {
            words: b"last words",
            kind: io::ErrorKind::ConnectionReset,
        };
        let (mut far, mut server) = duplex(64);
        let counters = Counters::default();
        let error = carry(&mut near, &mut far, Bytes::from_static(b"first, "), &counters)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        drop(far);
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"first, last words");
    }

    struct Failing {
        words: &'static [u8],
        kind: io::ErrorKind,
    }

    impl AsyncRead for Failing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let words = std::mem::take(&mut self.words);
            buf.put_slice(words);
            Poll::Ready(if words.is_empty() {
                Err(self.kind.into())
            } else {
                Ok(())
            })
        }
    }

    impl AsyncWrite for Failing {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
