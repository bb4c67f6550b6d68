//! A small HTTP server for short answers.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use mesh_proxy::Drain;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at one time: health checkers are few, floods are not.
const CONNECTIONS: usize = 64;
/// A client must have sent its request by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Answers every request on `listener` by `page`, until the drain begins.
pub(crate) async fn serve<F>(listener: TcpListener, drain: Drain, page: F)
where
    F: Fn(&Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let page = Arc::new(page);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut watch = drain.clone();
    let mut over = pin!(watch.draining());
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut over => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (page, drain) = (Arc::clone(&page), drain.clone());
        tokio::spawn(async move {
            if let Err(error) = attend(stream, drain, &*page).await {
                tracing::debug!(%error, "HTTP connection ended");
            }
            drop(place);
        });
    }
}

async fn attend<F>(stream: TcpStream, mut drain: Drain, page: &F) -> hyper::Result<()>
where
    F: Fn(&Request<Incoming>) -> Answer,
{
    let service = service_fn(|request| {
        let answer = page(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut serving = pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = serving.as_mut() => return ended,
        () = drain.draining() => serving.as_mut().graceful_shutdown(),
    }
    serving.await
}
