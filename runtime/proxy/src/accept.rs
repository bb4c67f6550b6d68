//! Connections, as they come.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

use crate::destination::canonical;
use crate::drain::Drain;
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
    accept(listener, shared, drain, outbound::serve).await;
}

/// Serves the connections that arrive for applications (port 15006), until the drain begins.
pub async fn serve_inbound(listener: TcpListener, shared: Arc<Shared>, drain: Drain) {
    accept(listener, shared, drain, inbound::serve).await;
}

async fn accept<F, S>(listener: TcpListener, shared: Arc<Shared>, drain: Drain, serve: F)
where
    F: Fn(Accepted, Arc<Shared>) -> S + Copy + Send + 'static,
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
        prepare(&stream);
        match shared.destinations.of(&stream) {
            // Nobody means the proxy itself: passing that on would be a loop.
            Ok(destination) if destination.port() == own_port => {
                tracing::warn!(%remote, %destination, "a connection to the proxy itself is closed");
            }
            Ok(destination) => {
                let (drain, own) = (drain.clone(), shared.clone());
                let serving = move |stream| async move {
                    let mut over = drain.clone();
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
                        () = over.closed() => {}
                    }
                };
                match shared.workers() {
                    Some(workers) => {
                        if let Err(error) = workers.serve(stream, serving) {
                            tracing::debug!(%remote, %error, "a connection is closed");
                        }
                    }
                    None => _ = tokio::spawn(serving(stream)),
                }
            }
            Err(error) => tracing::debug!(%remote, %error, "a connection without destination is closed"),
        }
    }
}

fn prepare(stream: &TcpStream) {
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
        let (stream, _) = accepted.unwrap();
        prepare(&stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), ALIVE);
    }
}
