//! Where a captured connection was going.

use std::fmt;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, TcpStream};
use std::sync::Arc;

use nix::sys::socket::{getsockopt, sockopt};

/// Asks for the destination of one accepted connection.
type Lookup = Arc<dyn Fn(&TcpStream) -> io::Result<SocketAddr> + Send + Sync>;

/// How the address that a client dialled is found.
#[derive(Clone)]
pub enum Destinations {
    /// From the kernel, which remembers it where a rule redirected the connection.
    Socket,
    /// Always this one.
    Fixed(SocketAddr),
    /// By asking.
    Lookup(Lookup),
}

impl fmt::Debug for Destinations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket => f.write_str("Socket"),
            Self::Fixed(address) => write!(f, "Fixed({address})"),
            Self::Lookup(_) => f.write_str("Lookup"),
        }
    }
}

impl Destinations {
    /// The address that the client of `stream` dialled; the local one where nothing was redirected.
    pub(crate) fn of(&self, stream: &TcpStream) -> io::Result<SocketAddr> {
        match self {
            Self::Fixed(address) => Ok(*address),
            Self::Lookup(lookup) => lookup(stream),
            Self::Socket => {
                let local = stream.local_addr()?;
                Ok(canonical(redirected(stream, local).unwrap_or(local)))
            }
        }
    }
}

/// `SO_ORIGINAL_DST` and its twin of IPv6 (netfilter's `nf_conntrack`).
fn redirected(stream: &TcpStream, local: SocketAddr) -> Option<SocketAddr> {
    if canonical(local).is_ipv4() {
        let raw = getsockopt(stream, sockopt::OriginalDst).ok()?;
        let (ip, port) = (u32::from_be(raw.sin_addr.s_addr), u16::from_be(raw.sin_port));
        Some(SocketAddrV4::new(ip.into(), port).into())
    } else {
        let raw = getsockopt(stream, sockopt::Ip6tOriginalDst).ok()?;
        let (ip, port) = (raw.sin6_addr.s6_addr, u16::from_be(raw.sin6_port));
        Some(SocketAddrV6::new(ip.into(), port, 0, raw.sin6_scope_id).into())
    }
}

/// An IPv4 address that a socket of IPv6 shows in its own form, as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
