//! The sockets that meshd serves: those that systemd holds or the process before hands over, and its own for what is missing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd as _, FromRawFd as _, RawFd};
use std::os::unix::net::UnixListener;

use socket2::{Domain, Protocol, Socket, Type};

use crate::failure::Failure;
use crate::handover::{self, Predecessor};
use crate::layout::Layout;

pub(crate) const ADMIN: u16 = 15000;
pub(crate) const OUTBOUND: u16 = 15001;
pub(crate) const INBOUND: u16 = 15006;
pub(crate) const HEALTH: u16 = 15021;
pub(crate) const DNS: u16 = 15053;
pub(crate) const METRICS: u16 = 15090;
const BACKLOG: i32 = 4096;

/// All sockets, ready to be served.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    pub(crate) outbound: Vec<std::net::TcpListener>,
    pub(crate) inbound: Vec<std::net::TcpListener>,
    pub(crate) dns_udp: Vec<std::net::UdpSocket>,
    pub(crate) dns_tcp: Vec<std::net::TcpListener>,
    pub(crate) admin: Vec<std::net::TcpListener>,
    pub(crate) health: Vec<std::net::TcpListener>,
    pub(crate) metrics: Vec<std::net::TcpListener>,
    /// Where the next process asks for the others; none where systemd holds them.
    pub(crate) hand_over: Option<UnixListener>,
}

impl Sockets {
    /// Takes over what systemd passed, or whoever serves so far, and binds the rest.
    pub(crate) fn open(layout: &Layout) -> Result<(Self, Option<Predecessor>), Failure> {
        let mut sockets = Self::default();
        let passed: Vec<RawFd> = sd_notify::listen_fds()
            .map_err(|cause| Failure::new("take over systemd's sockets", cause))?
            .collect();
        let path = handover::path(layout);
        let (predecessor, given) = if passed.is_empty() {
            Predecessor::ask(&path).unzip()
        } else {
            (None, None)
        };
        let alone = passed.is_empty();
        for fd in passed.into_iter().chain(given.into_iter().flatten()) {
            #[expect(
                unsafe_code,
                reason = "descriptors come as numbers, from systemd and from the process before"
            )]
            // SAFETY: they are passed to this process alone, and taken over once.
            let socket = unsafe { Socket::from_raw_fd(fd) };
            sockets
                .take(socket)
                .map_err(|cause| Failure::new("take over the sockets", cause))?;
        }
        sockets.bind_missing()?;
        if alone && sockets.hand_over.is_none() {
            match handover::listen(&path) {
                Ok(listener) => sockets.hand_over = Some(listener),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "the next process cannot take over the sockets");
                }
            }
        }
        Ok((sockets, predecessor))
    }

    /// The same sockets once more: each is closed when both are.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        fn all<T>(sockets: &[T], clone: impl Fn(&T) -> io::Result<T>) -> io::Result<Vec<T>> {
            sockets.iter().map(clone).collect()
        }
        let tcp = std::net::TcpListener::try_clone;
        Ok(Self {
            outbound: all(&self.outbound, tcp)?,
            inbound: all(&self.inbound, tcp)?,
            dns_udp: all(&self.dns_udp, std::net::UdpSocket::try_clone)?,
            dns_tcp: all(&self.dns_tcp, tcp)?,
            admin: all(&self.admin, tcp)?,
            health: all(&self.health, tcp)?,
            metrics: all(&self.metrics, tcp)?,
            hand_over: None,
        })
    }

    /// All of them, for whoever takes them over.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let streams = [
            &self.outbound,
            &self.inbound,
            &self.dns_tcp,
            &self.admin,
            &self.health,
            &self.metrics,
        ];
        let streams = streams.into_iter().flatten().map(|socket| socket.as_raw_fd());
        let packets = self.dns_udp.iter().map(|socket| socket.as_raw_fd());
        let door = self.hand_over.iter().map(|socket| socket.as_raw_fd());
        streams.chain(packets).chain(door).collect()
    }

    /// A passed socket is known by its port and type: names of units may change.
    fn take(&mut self, socket: Socket) -> io::Result<()> {
        if socket.domain()? == Domain::UNIX {
            socket.set_nonblocking(true)?;
            self.hand_over = Some(socket.into());
            return Ok(());
        }
        let port = socket
            .local_addr()?
            .as_socket()
            .map_or(0, |address| address.port());
        socket.set_nonblocking(true)?;
        match (port, socket.r#type()? == Type::DGRAM) {
            (OUTBOUND, false) => self.outbound.push(socket.into()),
            (INBOUND, false) => self.inbound.push(socket.into()),
            (DNS, false) => self.dns_tcp.push(socket.into()),
            (DNS, true) => self.dns_udp.push(socket.into()),
            (HEALTH, false) => self.health.push(socket.into()),
            (METRICS, false) => self.metrics.push(socket.into()),
            (ADMIN, false) => self.admin.push(socket.into()),
            _ => tracing::warn!(port, "a socket was passed that meshd has no use for"),
        }
        Ok(())
    }

    fn bind_missing(&mut self) -> Result<(), Failure> {
        let (loopback, any) = (localhost, everywhere);
        bind(&mut self.outbound, OUTBOUND, loopback(), Type::STREAM)?;
        bind(&mut self.inbound, INBOUND, any(), Type::STREAM)?;
        bind(&mut self.dns_udp, DNS, loopback(), Type::DGRAM)?;
        bind(&mut self.dns_tcp, DNS, loopback(), Type::STREAM)?;
        bind(
            &mut self.admin,
            ADMIN,
            [IpAddr::V4(Ipv4Addr::LOCALHOST)],
            Type::STREAM,
        )?;
        bind(&mut self.health, HEALTH, any(), Type::STREAM)?;
        bind(&mut self.metrics, METRICS, any(), Type::STREAM)
    }
}

fn localhost() -> [IpAddr; 2] {
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
}

fn everywhere() -> [IpAddr; 2] {
    [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ]
}

/// Binds a port where systemd passed none. A machine without IPv6 goes without.
fn bind<T: From<Socket>>(
    sockets: &mut Vec<T>,
    port: u16,
    addresses: impl IntoIterator<Item = IpAddr>,
    kind: Type,
) -> Result<(), Failure> {
    if !sockets.is_empty() {
        return Ok(());
    }
    for address in addresses {
        match open(SocketAddr::new(address, port), kind) {
            Ok(socket) => sockets.push(socket.into()),
            Err(error) if address.is_ipv6() => tracing::info!(%address, port, %error, "not served"),
            Err(cause) => {
                return Err(
                    Failure::new(format!("listen on {address}:{port}"), cause).remedy(format!(
                        "find who has the port with `ss -lntup 'sport = :{port}'`"
                    )),
                );
            }
        }
    }
    Ok(())
}

fn open(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::DGRAM {
        Protocol::UDP
    } else {
        Protocol::TCP
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if address.port() == INBOUND {
        // For connections that TPROXY hands over; a process without the right to it gets redirected ones only.
        let _refused = if address.is_ipv6() {
            socket.set_ip_transparent_v6(true)
        } else {
            socket.set_ip_transparent_v4(true)
        };
    }
    socket.bind(&address.into())?;
    if kind == Type::STREAM {
        socket.listen(BACKLOG)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
