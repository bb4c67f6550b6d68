use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mesh_wire::cluster as wire;
use nix::sys::socket::{setsockopt, sockopt};
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::{Caller, Cluster, Endpoint, Transport, caller};
use crate::net::Stream;
use crate::tls::{Credentials, PeerIdentity, Purpose};

/// Istio's default, for clusters that say nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What inbound connections to applications come from, so that capture lets them pass (istio `127.0.0.6` and `::6`).
const SOURCE_V4: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);
const SOURCE_V6: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6);

/// A connection to an endpoint.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) stream: Stream,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
    /// Who answered, with mutual TLS.
    pub(crate) peer: Option<Arc<PeerIdentity>>,
    /// Of the credentials that were shown; 0 without.
    pub(crate) generation: u64,
}

/// Why an endpoint cannot be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("delayed connect error: {}", plain(.0))]
    Connect(io::Error),
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("TLS: {0}")]
    Config(#[from] rustls::Error),
    #[error("TLS: there is no identity yet")]
    NoIdentity,
    #[error("TLS: {0}")]
    Unusable(String),
}

/// Without the operating system's number, as Envoy tells it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Opens a connection to `endpoint` as the cluster wants it; the connect timeout bounds TLS too, as Envoy's does.
pub(crate) async fn dial(
    cluster: &Cluster,
    endpoint: &Endpoint,
    purpose: Purpose,
    caller: Caller<'_>,
) -> Result<Dialed, DialError> {
    let bound = match cluster.wire.connect_timeout.to_duration() {
        Duration::ZERO => CONNECT_TIMEOUT,
        bound => bound,
    };
    let opening = async {
        let remote = endpoint.address();
        let tcp = connect(cluster, remote, speaks_first(cluster, endpoint), caller)
            .await
            .map_err(DialError::Connect)?;
        let local = tcp.local_addr().ok();
        let (stream, peer, generation) =
            protect(cluster, endpoint, purpose, caller.credentials, remote, tcp).await?;
        Ok(Dialed {
            stream,
            local,
            remote,
            peer,
            generation,
        })
    };
    tokio::time::timeout(bound, opening)
        .await
        .unwrap_or(Err(DialError::Timeout(bound)))
}

/// Whether what is said first on the connection is said here: TLS's clients do, of applications nothing is known.
fn speaks_first(cluster: &Cluster, endpoint: &Endpoint) -> bool {
    match &*cluster.transport {
        Transport::Mesh(_) => endpoint.wire.mtls,
        Transport::Tls(_) => true,
        Transport::Unusable(_) | Transport::Plaintext => false,
    }
}

async fn connect(
    cluster: &Cluster,
    remote: SocketAddr,
    speaks_first: bool,
    caller: Caller<'_>,
) -> io::Result<TcpStream> {
    if let Some(client) = caller.address
        && caller::may_come_from(client, remote)
    {
        for _ in 0..caller::TRIES {
            let socket = match caller::socket(client) {
                Ok(Some(socket)) => socket,
                Ok(None) => continue,
                Err(_) => break,
            };
            match open(socket, cluster, remote, speaks_first).await {
                // The same port is in use, or was just now, between the same ends.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
                opened => return opened,
            }
        }
    }
    open(
        own_socket(cluster, remote, caller)?,
        cluster,
        remote,
        speaks_first,
    )
    .await
}

/// One that comes from this machine.
fn own_socket(cluster: &Cluster, remote: SocketAddr, caller: Caller<'_>) -> io::Result<TcpSocket> {
    let socket = if remote.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    let instead = caller.address.map(|_| IpAddr::V4(SOURCE_V4));
    if let Some(source) = cluster.wire.source_address.or(instead) {
        // The kernel chooses the port when it knows the other end: the same port serves many of them.
        setsockopt(&socket, sockopt::IpBindAddressNoPort, &true).map_err(io::Error::from)?;
        let source = if source.is_ipv4() == remote.is_ipv4() {
            source
        } else {
            other_family(source)
        };
        socket.bind(SocketAddr::new(source, 0))?;
    }
    Ok(socket)
}

async fn open(
    socket: TcpSocket,
    cluster: &Cluster,
    remote: SocketAddr,
    speaks_first: bool,
) -> io::Result<TcpStream> {
    if speaks_first {
        // The other end's readiness is acknowledged with the first bytes, which are about to be sent, not before them;
        // and it accepts a connection on which there is something to read.
        let _slower = SockRef::from(&socket).set_tcp_quickack(false);
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    if let Some(keepalive) = &cluster.wire.keepalive {
        keep_alive(&stream, keepalive)?;
    }
    Ok(stream)
}

fn other_family(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => SOURCE_V6.into(),
        IpAddr::V6(_) => SOURCE_V4.into(),
    }
}

fn keep_alive(stream: &TcpStream, wire: &wire::Keepalive) -> io::Result<()> {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let mut keepalive = TcpKeepalive::new();
    if let Some(time) = wire.time {
        keepalive = keepalive.with_time(seconds(time));
    }
    if let Some(interval) = wire.interval {
        keepalive = keepalive.with_interval(seconds(interval));
    }
    if let Some(probes) = wire.probes {
        keepalive = keepalive.with_retries(probes);
    }
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

type Protected = (Stream, Option<Arc<PeerIdentity>>, u64);

async fn protect(
    cluster: &Cluster,
    endpoint: &Endpoint,
    purpose: Purpose,
    credentials: Option<&Credentials>,
    remote: SocketAddr,
    tcp: TcpStream,
) -> Result<Protected, DialError> {
    let (config, name, generation) = match &*cluster.transport {
        Transport::Mesh(client) if endpoint.wire.mtls => {
            let credentials = credentials.ok_or(DialError::NoIdentity)?;
            (
                client.config(credentials, purpose)?,
                client.sni.clone(),
                credentials.generation,
            )
        }
        Transport::Tls(client) => {
            let name = client
                .sni
                .clone()
                .or_else(|| endpoint.sni.clone())
                .unwrap_or_else(|| {
                    let host = ServerName::try_from(endpoint.wire.address.clone());
                    host.unwrap_or_else(|_| ServerName::from(remote.ip()))
                });
            (client.config(purpose), name, 0)
        }
        Transport::Unusable(why) => return Err(DialError::Unusable(why.clone())),
        Transport::Mesh(_) | Transport::Plaintext => return Ok((tcp.into(), None, 0)),
    };
    let secured = mesh_tls::connect(config, name, tcp).await;
    let mesh_tls::Secured { mut stream, peer } = secured.map_err(DialError::Tls)?;
    if purpose != Purpose::Tcp {
        // Bytes are carried at once; of a request it is not known when it comes.
        stream.flush().await.map_err(DialError::Tls)?;
    }
    let peer = peer.as_ref().and_then(PeerIdentity::of);
    Ok((Stream::Tls(Box::new(stream)), peer, generation))
}
