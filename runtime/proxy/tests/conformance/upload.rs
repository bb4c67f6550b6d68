//! Long bodies, as clients send them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request};
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;

use crate::plane::{DataPlane, Way};

/// What is sent at once.
const PIECE: usize = 10_000;

/// A `POST` with a body.
#[derive(Clone, Debug)]
pub struct Upload {
    host: &'static str,
    path: &'static str,
    size: usize,
    sized: bool,
    trailers: Option<HeaderMap>,
    http2: bool,
}

impl Upload {
    pub fn new(host: &'static str, path: &'static str) -> Self {
        Self {
            host,
            path,
            size: 0,
            sized: true,
            trailers: None,
            http2: false,
        }
    }

    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// It says how long it is.
    pub fn sized(mut self, size: usize) -> Self {
        (self.size, self.sized) = (size, true);
        self
    }

    /// It does not.
    pub fn streamed(mut self, size: usize) -> Self {
        (self.size, self.sized) = (size, false);
        self
    }

    pub fn trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    /// Sends it; the status that comes back.
    pub async fn send(&self, plane: &dyn DataPlane, key: &str) -> String {
        let stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
        let uri = if self.http2 {
            format!("http://{}{}", self.host, self.path)
        } else {
            self.path.to_owned()
        };
        let mut request = Request::post(uri).header("x-key", key);
        if !self.http2 {
            request = request.header("host", self.host);
        }
        if let Some(trailers) = &self.trailers {
            let names: Vec<&str> = trailers.keys().map(http::HeaderName::as_str).collect();
            request = request
                .header("trailer", names.join(", "))
                .header("te", "trailers");
        }
        let request = request.body(self.body()).unwrap();
        let response = if self.http2 {
            let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await
        } else {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        response.map_or_else(
            |_| "the connection ends".to_owned(),
            |response| response.status().as_u16().to_string(),
        )
    }

    /// Sends the head and `bytes` of the body by HTTP/1, and leaves.
    pub async fn cut(&self, plane: &dyn DataPlane, key: &str, bytes: usize) {
        let mut stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
        let (path, host, size) = (self.path, self.host, self.size);
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nx-key: {key}\r\ncontent-length: {size}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'z'; bytes]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    fn body(&self) -> Pieces {
        let pattern: Vec<u8> = (0..PIECE).map(|at| (at * 31 % 251) as u8).collect();
        let mut pieces: VecDeque<Frame<Bytes>> = VecDeque::new();
        for at in (0..self.size).step_by(PIECE) {
            // None is as another one.
            let piece = [&at.to_be_bytes()[..], &pattern].concat();
            let size = PIECE.min(self.size - at);
            pieces.push_back(Frame::data(Bytes::from(piece).slice(..size)));
        }
        pieces.extend(self.trailers.clone().map(Frame::trailers));
        Pieces {
            pieces,
            size: self.sized.then_some(self.size as u64),
        }
    }
}

/// A body in pieces.
struct Pieces {
    pieces: VecDeque<Frame<Bytes>>,
    size: Option<u64>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.pieces.pop_front().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A server that takes connections and never reads.
pub async fn deaf() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    address
}
