//! As whom connections are opened: with which credentials, and from which address.
//!
//! To come from a client's own address takes a socket that is transparent, and with that the right to make such: without
//! it connections come from this machine, as they do where nobody asks for more. The capture rules tell packets with
//! another machine's address by that alone, and lead the answers back.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::SockRef;
use tokio::net::TcpSocket;

use crate::tls::Credentials;

/// How many ports are tried until one is free.
pub(super) const TRIES: usize = 32;
/// Ports that clients hardly ever call from. Between the same two addresses and with the same port as the client's own
/// connection, the kernel would take one for the other.
const PORTS: Range<u16> = 10_240..32_768;

/// This process has no right to transparent sockets, and will not get it.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Whoever opens a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    /// What is shown with mutual TLS.
    pub(crate) credentials: Option<&'a Credentials>,
    /// The client's address, where the other end is to see it.
    pub(crate) address: Option<IpAddr>,
}

impl<'a> Caller<'a> {
    /// This machine.
    pub(crate) fn new(credentials: Option<&'a Credentials>) -> Self {
        Self {
            credentials,
            address: None,
        }
    }
}

/// Whether a connection to `remote` may come from a client's address.
pub(super) fn may_come_from(client: IpAddr, remote: SocketAddr) -> bool {
    // Addresses of a single link have no meaning on the loopback interface.
    let of_link = matches!(client, IpAddr::V6(client) if client.is_unicast_link_local());
    client.is_ipv4() == remote.is_ipv4() && !of_link && !REFUSED.load(Ordering::Relaxed)
}

/// A socket that comes from the client's address; none if the port that was tried is taken.
pub(super) fn socket(client: IpAddr) -> io::Result<Option<TcpSocket>> {
    let socket = transparent(client).inspect_err(tell)?;
    // One port serves connections to several of the application's.
    socket.set_reuseaddr(true)?;
    match socket.bind(SocketAddr::new(client, fastrand::u16(PORTS))) {
        Ok(()) => Ok(Some(socket)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

fn transparent(client: IpAddr) -> io::Result<TcpSocket> {
    if client.is_ipv4() {
        let socket = TcpSocket::new_v4()?;
        SockRef::from(&socket).set_ip_transparent_v4(true)?;
        Ok(socket)
    } else {
        let socket = TcpSocket::new_v6()?;
        SockRef::from(&socket).set_ip_transparent_v6(true)?;
        Ok(socket)
    }
}

/// Once: every other connection would say the same.
fn tell(error: &io::Error) {
    if error.kind() == io::ErrorKind::PermissionDenied && !REFUSED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %error,
            "applications see 127.0.0.6 or ::6 as their caller, not their clients' own addresses: \
             for these meshd needs CAP_NET_RAW, which its unit gives it where capture is by TPROXY"
        );
    }
}
