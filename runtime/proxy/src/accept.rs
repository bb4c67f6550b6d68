//! Connections, as they come.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::destination::canonical;
use crate::drain::Drain;
use crate::shared::Shared;
use crate::{inbound, outbound};

/// After an accept that failed for want of descriptors or memory, others get time to give some back.
const BREATH: Duration = Duration::from_millis(50);

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
    accept(listener, shared, drain, outbound::serve).await;
}

/// Serves the connections that arrive for applications (port 15006), until the drain begins.
pub async fn serve_inbound(listener: TcpListener, shared: Arc<Shared>, drain: Drain) {
    accept(listener, shared, drain, inbound::serve).await;
}

async fn accept<F, S>(listener: TcpListener, shared: Arc<Shared>, drain: Drain, serve: F)
where
    F: Fn(Accepted, Arc<Shared>) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let own_port = listener.local_addr().map(|own| own.port()).unwrap_or_default();
    let mut watch = drain.clone();
    loop {
        let (stream, remote) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause(&error).await;
                    continue;
                }
            },
            () = watch.draining() => break,
        };
        // Small answers must not wait for an acknowledgement.
        let _refused = stream.set_nodelay(true);
        match shared.destinations.of(&stream) {
            // Nobody means the proxy itself: passing that on would be a loop.
            Ok(destination) if destination.port() == own_port => {
                tracing::warn!(%remote, %destination, "a connection to the proxy itself is closed");
            }
            Ok(destination) => {
                let remote = canonical(remote);
                let mut over = drain.clone();
                let accepted = Accepted {
                    stream,
                    remote,
                    destination,
                    drain: drain.clone(),
                };
                let serving = serve(accepted, shared.clone());
                tokio::spawn(async move {
                    // Who can say goodbye does so first; who still waits for first bytes cannot.
                    tokio::select! {
                        biased;
                        () = serving => {}
                        () = over.closed() => {}
                    }
                });
            }
            Err(error) => tracing::debug!(%remote, %error, "a connection without destination is closed"),
        }
    }
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
