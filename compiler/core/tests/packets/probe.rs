//! Connections and queries, and what becomes of each.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Type};

use crate::named::Named;
use crate::world::{self, MACHINE, PROXY, ROOT, User, World};

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
struct Probe {
    user: User,
    from: Option<IpAddr>,
    to: SocketAddr,
    udp: bool,
}

/// What became of every probe, by what it is; those of one family.
pub(crate) type Seen = BTreeMap<String, String>;

impl World {
    /// Sends all that a machine may send and get.
    pub(crate) fn try_all(&self, ipv6: bool) -> Seen {
        let of_family = move |to: &SocketAddr| to.is_ipv6() == ipv6;
        let (sent, received) = (sent(&self.named), received(&self.named));
        let mut seen = self.machine.run(move || run("machine", sent, of_family));
        seen.extend(self.outside.run(move || run("outside", received, of_family)));
        seen.extend(
            self.container
                .run(move || run("container", contained(), of_family)),
        );
        seen
    }
}

fn run(place: &str, probes: Vec<Probe>, of_family: impl Fn(&SocketAddr) -> bool) -> Seen {
    let of_family = probes.into_iter().filter(|probe| of_family(&probe.to));
    of_family
        .map(|probe| {
            let User { uid, gid } = probe.user;
            let from = probe.from.map(|from| format!(" from {from}")).unwrap_or_default();
            let kind = if probe.udp { "udp" } else { "tcp" };
            (
                format!("{place} {uid}:{gid}{from} {kind} {}", probe.to),
                probe.verdict(),
            )
        })
        .collect()
}

impl Probe {
    /// Who answers.
    fn verdict(self) -> String {
        let answer = if self.udp { self.ask() } else { self.connect() };
        answer.unwrap_or_else(|error| format!("{:?}", error.kind()))
    }

    fn connect(self) -> std::io::Result<String> {
        let socket = world::socket(self.user, Domain::for_address(self.to), Type::STREAM);
        if let Some(from) = self.from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        socket.connect_timeout(&self.to.into(), PATIENCE)?;
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut name = String::new();
        stream.read_to_string(&mut name)?;
        Ok(name)
    }

    /// The answer counts only if it comes from where the question went.
    fn ask(self) -> std::io::Result<String> {
        let socket = UdpSocket::from(world::socket(
            self.user,
            Domain::for_address(self.to),
            Type::DGRAM,
        ));
        socket.connect(self.to)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.send(b"?")?;
        let mut name = [0; 64];
        let length = socket.recv(&mut name)?;
        Ok(String::from_utf8_lossy(&name[..length]).into_owned())
    }
}

fn tcp(user: User, to: &str, port: u16) -> Probe {
    Probe {
        user,
        from: None,
        to: SocketAddr::new(to.parse().unwrap(), port),
        udp: false,
    }
}

fn udp(user: User, to: &str, port: u16) -> Probe {
    Probe {
        udp: true,
        ..tcp(user, to, port)
    }
}

/// What the machine sends.
fn sent(named: &Named) -> Vec<Probe> {
    const DESTINATIONS: &[(&str, u16)] = &[
        ("10.1.2.3", 80),
        ("10.9.1.1", 80),
        ("172.16.5.5", 80),
        ("93.184.216.34", 443),
        ("240.240.0.9", 3306),
        ("203.0.113.7", 9999),
        ("203.0.113.7", 25),
        ("203.0.113.7", 15008),
        ("192.0.2.53", 53),
        ("198.51.100.53", 53),
        ("127.0.0.1", 8080),
        ("127.0.0.1", 53),
        ("127.0.0.2", 8080),
        ("127.0.0.53", 53),
        (MACHINE[0], 8080),
        (MACHINE[0], 53),
        (MACHINE[0], 15008),
        ("fd00:1::1", 80),
        ("2001:2::9", 3306),
        ("2001:db8::7", 9999),
        ("2001:db8::7", 25),
        ("2001:db8::53", 53),
        ("::1", 8080),
        ("::1", 53),
        (MACHINE[1], 8080),
        (MACHINE[1], 15008),
    ];
    let mut probes = Vec::new();
    for user in named.users.iter().copied() {
        probes.extend(DESTINATIONS.iter().map(|(to, port)| tcp(user, to, *port)));
        for port in &named.told {
            let places = ["203.0.113.7", "2001:db8::7", MACHINE[0], MACHINE[1]];
            probes.extend(places.map(|to| tcp(user, to, *port)));
        }
        let hosts = named.hosts.iter();
        probes.extend(hosts.map(|host| tcp(user, &host.to_string(), 80)));
        let servers = named.servers.iter();
        probes.extend(servers.map(|server| udp(user, &server.to_string(), 53)));
        probes.extend([udp(user, "127.0.0.53", 53), udp(user, "::1", 53)]);
    }
    // The proxy hands over to the application.
    for (from, to) in [
        ("127.0.0.6", MACHINE[0]),
        ("::6", MACHINE[1]),
        ("127.0.0.6", "127.0.0.1"),
    ] {
        probes.push(Probe {
            from: Some(from.parse().unwrap()),
            ..tcp(PROXY, to, 8080)
        });
    }
    probes
}

/// What others send to the machine.
fn received(named: &Named) -> Vec<Probe> {
    let ports = || named.ports.iter().copied();
    let to = |machine: &'static str| ports().map(move |port| tcp(ROOT, machine, port));
    MACHINE.into_iter().flat_map(to).collect()
}

/// What a container on the machine sends through it.
fn contained() -> Vec<Probe> {
    vec![
        tcp(ROOT, "10.1.2.3", 80),
        tcp(ROOT, "10.9.1.1", 80),
        tcp(ROOT, "203.0.113.7", 9999),
        tcp(ROOT, MACHINE[0], 8080),
        udp(ROOT, "192.0.2.53", 53),
        tcp(ROOT, "fd00:1::1", 80),
        tcp(ROOT, "2001:2::9", 3306),
        tcp(ROOT, MACHINE[1], 8080),
    ]
}
