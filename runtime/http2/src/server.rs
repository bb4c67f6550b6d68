//! The end that answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::body::Incoming;
use crate::driver::Driver;
use crate::error::Error;
use crate::frame::PREFACE;
use crate::state::{Limits, Role, State};
use crate::{Request, Response};

/// A client's connection. It is a future that answers requests until the connection is over.
pub struct Connection<IO, S, F, B> {
    driver: Driver<Greeted<IO>, F, B>,
    service: S,
}

/// Serves a connection: every request is answered by `service`, many at once, all in the task that polls the connection.
pub fn serve<IO, S, F, B>(io: IO, limits: Limits, service: S) -> Connection<IO, S, F, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: FnMut(Request<Incoming>) -> F + Unpin,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + Unpin,
{
    let io = Greeted { io, greeted: 0 };
    Connection {
        driver: Driver::new(io, State::new(Role::Server, limits)),
        service,
    }
}

impl<IO, S, F, B> Connection<IO, S, F, B> {
    /// Takes no more requests; it is over once those that were sent are answered.
    pub fn graceful_shutdown(self: Pin<&mut Self>)
    where
        Self: Unpin,
    {
        self.driver.shared.lock().drain();
    }
}

impl<IO, S, F, B> Future for Connection<IO, S, F, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: FnMut(Request<Incoming>) -> F + Unpin,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.driver.poll(cx, &mut this.service)
    }
}

/// A client's bytes behind the preface, which is the same for all.
#[derive(Debug)]
struct Greeted<IO> {
    io: IO,
    /// How much of the preface has come.
    greeted: usize,
}

mod greeted {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::{Greeted, PREFACE};

    impl<IO: AsyncRead + Unpin> AsyncRead for Greeted<IO> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            while self.greeted < PREFACE.len() {
                let mut bytes = [0; PREFACE.len()];
                let rest = PREFACE.len() - self.greeted;
                let mut read = ReadBuf::new(&mut bytes[..rest]);
                ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
                let came = read.filled();
                if came.is_empty() || !PREFACE[self.greeted..].starts_with(came) {
                    // What is left unread would make a reset of the close.
                    let mut rest = [0; 1024];
                    let _rest = Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut rest));
                    return Poll::Ready(Err(io::Error::other("it does not begin as HTTP/2 does")));
                }
                self.greeted += came.len();
            }
            Pin::new(&mut self.io).poll_read(cx, buf)
        }
    }

    impl<IO: AsyncWrite + Unpin> AsyncWrite for Greeted<IO> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.io).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.io).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.io).poll_shutdown(cx)
        }
    }
}
