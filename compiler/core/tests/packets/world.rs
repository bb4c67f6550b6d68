//! A machine, what it talks to, and a container on it, each in a network of its own; nothing leads out of them.
//! They are laid out so that every setting of the rules has something to meet.

use std::io::Write as _;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket,
};
use std::process::{Command, Stdio};

use mesh_compiler::emit::capture::{InboundMode, Settings};
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{Gid, Uid, setfsgid, setfsuid};
use socket2::{Domain, Socket, Type};

use crate::named::Named;
use crate::namespace::{Namespace, ip};

/// Who a packet is from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

pub(crate) const PROXY: User = User { uid: 1337, gid: 1337 };
pub(crate) const ROOT: User = User { uid: 0, gid: 0 };

/// Where the machine has its one cable.
pub(crate) const MACHINE: [&str; 2] = ["192.168.77.1", "fd00:77::1"];
/// Where its container is.
const CONTAINER: [&str; 2] = ["172.30.0.2", "fd00:30::2"];

/// What lies beyond the machine's cable.
const OUTSIDE: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/16",
    "93.184.216.0/24",
    "240.240.0.0/16",
    "203.0.113.0/24",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "fd00:1::/64",
    "2001:2::/48",
    "2001:db8::/32",
];

pub(crate) struct World {
    /// What the rules name.
    pub(crate) named: Named,
    pub(crate) machine: Namespace,
    pub(crate) outside: Namespace,
    pub(crate) container: Namespace,
}

/// What loads rules.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loader {
    Iptables,
    Ip6tables,
    Nft,
}

impl World {
    /// With servers that tell who they are, where `settings` name something.
    pub(crate) fn new(settings: &Settings) -> Self {
        let named = Named::by(settings);
        let (machine, outside, container) = (Namespace::new(), Namespace::new(), Namespace::new());
        lay(
            &machine,
            "v0",
            MACHINE,
            &outside,
            "v1",
            ["192.168.77.2", "fd00:77::2"],
        );
        lay(
            &machine,
            &named.container,
            ["172.30.0.1", "fd00:30::1"],
            &container,
            "v3",
            CONTAINER,
        );
        let its = named.clone();
        machine.run(move || {
            ip("route add default via 192.168.77.2");
            ip("-6 route add default via fd00:77::2");
            ip("-6 addr add ::6/128 dev lo nodad");
            for name in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
                std::fs::write(format!("/proc/sys/net/{name}"), "1").unwrap();
            }
            servers("machine", &its.ports);
            mesh(&its);
        });
        container.run(|| {
            ip("route add default via 172.30.0.1");
            ip("-6 route add default via fd00:30::1");
        });
        let its = named.clone();
        outside.run(move || {
            ip("route add default via 192.168.77.1");
            ip("-6 route add default via fd00:77::1");
            let alone = its.hosts.iter().map(IpAddr::to_string);
            for net in OUTSIDE.iter().map(|net| (*net).to_owned()).chain(alone) {
                let family = if net.contains(':') { "-6 " } else { "" };
                ip(&format!("{family}route replace local {net} dev lo"));
            }
            servers("outside", &its.ports);
            for server in its.servers {
                answer(SocketAddr::new(server, 53), "outside", ROOT);
            }
        });
        let world = Self {
            named,
            machine,
            outside,
            container,
        };
        if let InboundMode::Tproxy { mark, table } = settings.mode {
            world.route_marks(mark, table);
        }
        world
    }

    /// Puts rules in force on the machine.
    pub(crate) fn load(&self, loader: Loader, rules: String) {
        let (program, arguments): (_, &[_]) = match loader {
            Loader::Iptables => ("iptables-restore", &["--noflush"]),
            Loader::Ip6tables => ("ip6tables-restore", &["--noflush"]),
            Loader::Nft => ("nft", &["-f", "-"]),
        };
        self.machine.run(move || {
            let child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::piped())
                .spawn();
            let mut child = child.unwrap();
            child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{program} refuses\n{rules}");
        });
    }

    /// What leads packets with the mark to the machine itself (Istio `tools/common/tproxy/run_linux.go`).
    fn route_marks(&self, mark: u32, table: u32) {
        self.machine.run(move || {
            for family in ["-4", "-6"] {
                ip(&format!("{family} rule add fwmark {mark} lookup {table}"));
                ip(&format!("{family} route add local default dev lo table {table}"));
            }
        });
    }
}

fn lay(
    here: &Namespace,
    name: &str,
    own: [&'static str; 2],
    there: &Namespace,
    other: &'static str,
    its: [&'static str; 2],
) {
    let thread = there.thread();
    let name = name.to_owned();
    here.run(move || {
        ip(&format!(
            "link add {name} type veth peer name {other} netns {thread}"
        ));
        dress(&name, own);
    });
    there.run(move || dress(other, its));
}

fn dress(interface: &str, [v4, v6]: [&str; 2]) {
    ip(&format!("addr add {v4}/24 dev {interface}"));
    ip(&format!("addr add {v6}/64 dev {interface} nodad"));
    ip(&format!("link set {interface} up"));
}

/// Servers on all addresses, but for the ports that are the mesh's.
fn servers(name: &'static str, ports: &[u16]) {
    for any in [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ] {
        for port in ports {
            serve(SocketAddr::new(any, *port), name, ROOT);
        }
    }
}

/// What meshd has open, and a resolver of the machine.
fn mesh(named: &Named) {
    for any in [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ] {
        serve(SocketAddr::new(any, named.outbound), "outbound of", PROXY);
        serve(SocketAddr::new(any, named.inbound), "inbound of", PROXY);
    }
    for local in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let dns = SocketAddr::new(local, named.dns);
        serve(dns, "dns of", PROXY);
        answer(dns, "dns", PROXY);
    }
    answer("127.0.0.53:53".parse().unwrap(), "resolver", ROOT);
    answer("[::1]:53".parse().unwrap(), "resolver", ROOT);
}

/// A socket that belongs to somebody: the file system user of the thread that makes it.
pub(crate) fn socket(user: User, domain: Domain, kind: Type) -> Socket {
    setfsgid(Gid::from_raw(user.gid));
    setfsuid(Uid::from_raw(user.uid));
    let socket = Socket::new(domain, kind, None).unwrap();
    setfsuid(Uid::from_raw(0));
    setfsgid(Gid::from_raw(0));
    socket
}

fn serve(address: SocketAddr, name: &'static str, user: User) {
    let socket = socket(user, Domain::for_address(address), Type::STREAM);
    socket.set_reuse_address(true).unwrap();
    if address.is_ipv6() {
        socket.set_only_v6(true).unwrap();
        socket.set_ip_transparent_v6(true).unwrap();
    } else {
        socket.set_ip_transparent_v4(true).unwrap();
    }
    socket.bind(&address.into()).unwrap();
    socket.listen(64).unwrap();
    let listener = TcpListener::from(socket);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let text = match name.strip_suffix(" of") {
                Some(name) => format!("{name} for {}", dialled(&stream)),
                None => name.to_owned(),
            };
            let _gone = stream.write_all(text.as_bytes());
        }
    });
}

/// Where the client wanted to go, before the kernel rewrote it.
fn dialled(stream: &TcpStream) -> SocketAddr {
    let local = stream.local_addr().unwrap();
    if local.is_ipv4() {
        let asked = getsockopt(stream, sockopt::OriginalDst);
        asked.map_or(local, |raw| {
            let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
            SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into()
        })
    } else {
        let asked = getsockopt(stream, sockopt::Ip6tOriginalDst);
        asked.map_or(local, |raw| {
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            SocketAddrV6::new(ip, u16::from_be(raw.sin6_port), 0, 0).into()
        })
    }
}

/// Answers every datagram with its name.
fn answer(address: SocketAddr, name: &'static str, user: User) {
    let socket = socket(user, Domain::for_address(address), Type::DGRAM);
    if address.is_ipv6() {
        socket.set_only_v6(true).unwrap();
        // Addresses that only routes make one's own.
        socket.set_freebind_v6(true).unwrap();
    }
    socket.bind(&address.into()).unwrap();
    let socket = UdpSocket::from(socket);
    std::thread::spawn(move || {
        let mut query = [0; 64];
        while let Ok((_, from)) = socket.recv_from(&mut query) {
            let _gone = socket.send_to(name.as_bytes(), from);
        }
    });
}
