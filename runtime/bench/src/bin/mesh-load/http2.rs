use std::net::SocketAddr;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_bench::HOST;
use tokio::net::TcpStream;

/// A connection that carries one request after the other.
pub(crate) struct Connection(SendRequest<Empty<Bytes>>);

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        // Its end is told to whoever asks next.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// One request; tells how long its answer's body was.
    pub(crate) async fn ask(&mut self) -> Result<u64> {
        self.0.ready().await?;
        let request = Request::get(format!("http://{HOST}/posts")).body(Empty::new())?;
        let mut response = self.0.send_request(request).await?;
        ensure!(response.status() == 200, "answered with {}", response.status());
        let mut size = 0;
        while let Some(frame) = response.body_mut().frame().await {
            size += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok(size)
    }
}
