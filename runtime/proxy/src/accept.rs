//! Connections, as they come.

use std::io;
use std::net::{SocketAddr, TcpListener as Listener, TcpStream as Raw};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpListener, TcpStream};

use crate::destination::canonical;
use crate::drain::Drain;
use crate::seldom::Seldom;
use crate::shared::Shared;
use crate::{inbound, outbound};

/// After an accept that failed for want of descriptors or memory, others get time to give some back.
const BREATH: Duration = Duration::from_millis(50);

/// A client that is silent for so long is asked whether it is still there.
const ALIVE: Duration = Duration::from_secs(300);

/// A connection whose destination is known.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) remote: SocketAddr,
    /// The address that the client dialled.
    pub(crate) destination: SocketAddr,
    pub(crate) drain: Drain,
}

/// Serves the connections that applications open (port 15001), until the drain begins.
pub async fn serve_outbound(listener: TcpListener, shared: Arc<Shared>, drain: Drain) {
    listen(listener, shared, drain, 0, outbound::serve).await;
}

/// Serves the connections that arrive for applications (port 15006), until the drain begins.
pub async fn serve_inbound(listener: TcpListener, shared: Arc<Shared>, drain: Drain) {
    listen(listener, shared, drain, 1, inbound::serve).await;
}

/// Accepts where connections are served, if that is said: half of them need not be told of from thread to thread.
async fn listen<F, S>(listener: TcpListener, shared: Arc<Shared>, drain: Drain, worker: usize, serve: F)
where
    F: Fn(Accepted, Arc<Shared>) -> S + Copy + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = match listener.into_std() {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "no connection can be accepted"),
    };
    let own = shared.clone();
    let accepting = async move {
        if let Err(error) = accept(listener, own, drain, serve).await {
            tracing::error!(%error, "no connection can be accepted");
        }
    };
    match shared.workers() {
        Some(workers) => workers.run(worker, accepting).await,
        None => accepting.await,
    }
}

async fn accept<F, S>(listener: Listener, shared: Arc<Shared>, drain: Drain, serve: F) -> io::Result<()>
where
    F: Fn(Accepted, Arc<Shared>) -> S + Copy + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let own_port = listener.local_addr().map(|own| own.port()).unwrap_or_default();
    // Not tokio's own: that would have this thread's poll know of connections that others serve.
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe; a listener keeps its descriptor until it is dropped"
    )]
    let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
    let mut watch = drain.clone();
    loop {
        let (stream, remote) = tokio::select! {
            accepted = listener.async_io(Interest::READABLE, Listener::accept) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause(&error).await;
                    continue;
                }
            },
            () = watch.draining() => return Ok(()),
        };
        prepare(&stream);
        match shared.destinations.of(&stream) {
            // Nobody means the proxy itself: passing that on would be a loop.
            Ok(destination) if destination.port() == own_port => {
                tracing::warn!(%remote, %destination, "a connection to the proxy itself is closed");
            }
            Ok(destination) => {
                let (drain, own) = (drain.clone(), shared.clone());
                let serving = async move {
                    let stream = match TcpStream::from_std(stream) {
                        Ok(stream) => stream,
                        Err(error) => return tracing::warn!(%error, "a connection cannot be served"),
                    };
                    let mut watch = drain.clone();
                    let over = pin!(watch.closed());
                    let accepted = Accepted {
                        stream,
                        remote: canonical(remote),
                        destination,
                        drain,
                    };
                    // Who can say goodbye does so first; who still waits for first bytes cannot.
                    tokio::select! {
                        biased;
                        () = serve(accepted, own) => {}
                        () = Seldom::new(over) => {}
                    }
                };
                match shared.workers() {
                    Some(workers) => workers.serve(serving),
                    None => _ = tokio::spawn(serving),
                }
            }
            Err(error) => tracing::debug!(%remote, %error, "a connection without destination is closed"),
        }
    }
}

fn prepare(stream: &Raw) {
    let _refused = stream.set_nonblocking(true);
    // Small answers must not wait for an acknowledgement.
    let _refused = stream.set_nodelay(true);
    // A client whose machine is gone never says so: what it held is given back all the same.
    let _refused = SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(ALIVE));
}

async fn pause(error: &io::Error) {
    use io::ErrorKind as Kind;
    // These concern one connection that went away before it was taken.
    if matches!(
        error.kind(),
        Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted
    ) {
        return;
    }
    tracing::warn!(%error, "no connection can be accepted");
    tokio::time::sleep(BREATH).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_is_gone_without_a_word_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let stream = accepted.unwrap().0.into_std().unwrap();
        prepare(&stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), ALIVE);
    }
}
