//! Whom clients talk with.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Within the drain, and after the end of everything that is quick.
const SLOW: Duration = Duration::from_secs(3);

/// Answers HTTP/1.1 and HTTP/2 with the path, or with the caller's address.
pub(crate) fn web(address: &'static str) {
    serve(address, |stream| async move {
        let mut first = [0; 3];
        while stream
            .peek(&mut first)
            .await
            .is_ok_and(|read| read == 1 || read == 2)
        {}
        let caller = stream.peer_addr().unwrap();
        let service = service_fn(move |request| answer(request, caller));
        if first == *b"PRI" {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ended = server.serve_connection(TokioIo::new(stream), service).await;
        } else {
            let server = hyper::server::conn::http1::Builder::new();
            let _ended = server.serve_connection(TokioIo::new(stream), service).await;
        }
    });
}

async fn answer(request: Request<Incoming>, caller: SocketAddr) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/slow" {
        tokio::time::sleep(SLOW).await;
        return Ok(Response::new("slow".into()));
    }
    if request.uri().path() == "/caller" {
        return Ok(Response::new(caller.to_string().into()));
    }
    Ok(Response::new(request.uri().path().to_owned().into()))
}

/// Tells callers their address.
pub(crate) fn caller(address: &'static str) {
    serve(address, |mut stream| async move {
        let caller = stream.peer_addr().unwrap().ip().to_string();
        let _gone = stream.write_all(caller.as_bytes()).await;
    });
}

/// Sends back what it is sent.
pub(crate) fn echo(address: &'static str) {
    serve(address, |mut stream| async move {
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    });
}

/// A thread in the namespace of this one.
fn serve<F: Future<Output = ()> + Send + 'static>(
    address: &'static str,
    with: impl Fn(TcpStream) -> F + Send + 'static,
) {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            tell.send(()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(with(stream));
            }
        });
    });
    told.recv().unwrap();
}
