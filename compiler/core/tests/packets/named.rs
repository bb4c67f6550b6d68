//! What the settings of rules name, and what is always there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use mesh_compiler::emit::capture::rule::Owner;
use mesh_compiler::emit::capture::{Cidrs, DnsServers, Inbound, Owners, Settings};

use crate::world::{PROXY, ROOT, User};

/// Ports of the machine and of what is outside, whatever the rules say.
const PORTS: &[u16] = &[
    22, 25, 53, 80, 443, 3306, 8080, 9090, 9999, 15008, 15020, 15021, 15090,
];
/// Name servers outside, whatever the rules say.
const SERVERS: &[&str] = &["192.0.2.53", "198.51.100.53", "2001:db8::53", "2001:db8:1::53"];
/// An application's user.
const APPLICATION: User = User { uid: 1000, gid: 1000 };
/// Somebody in a group of his own.
const OTHER: User = User { uid: 33, gid: 42 };

/// Everything that packets may have in common with the rules.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Where the proxy takes what goes out, what comes in, and queries.
    pub(crate) outbound: u16,
    pub(crate) inbound: u16,
    pub(crate) dns: u16,
    /// The interface behind which the container is.
    pub(crate) container: String,
    pub(crate) users: Vec<User>,
    /// Ports that somebody serves; none is the proxy's.
    pub(crate) ports: Vec<u16>,
    /// Ports that the rules tell from others.
    pub(crate) told: Vec<u16>,
    pub(crate) servers: Vec<IpAddr>,
    /// One host of each range that the rules tell from others.
    pub(crate) hosts: Vec<IpAddr>,
}

impl Named {
    pub(crate) fn by(settings: &Settings) -> Self {
        let own = [settings.outbound_port, settings.inbound_port, settings.dns_port];
        let told = told(settings);
        let ports: BTreeSet<u16> = PORTS.iter().chain(&told).copied().collect();
        let servers = SERVERS.iter().map(|server| server.parse().unwrap());
        let mut servers: BTreeSet<IpAddr> = servers.collect();
        if let DnsServers::Only(theirs) = &settings.dns {
            servers.extend(theirs.iter().filter(|server| !server.is_loopback()));
        }
        Self {
            outbound: settings.outbound_port,
            inbound: settings.inbound_port,
            dns: settings.dns_port,
            container: container(settings),
            users: users(settings),
            ports: ports.into_iter().filter(|port| !own.contains(port)).collect(),
            told,
            servers: servers.into_iter().collect(),
            hosts: hosts(settings),
        }
    }
}

/// The rules' first interface of containers, or the first that they leave alone.
fn container(settings: &Settings) -> String {
    let named = settings
        .virtual_interfaces
        .iter()
        .chain(&settings.exclude_interfaces);
    let name = named.map(|name| name.trim_end_matches(['+', '*'])).next();
    name.filter(|name| !name.is_empty()).unwrap_or("virt0").to_owned()
}

/// With each owner that the rules tell from others, once as the user and once as the group of an application.
fn users(settings: &Settings) -> Vec<User> {
    let (Owners::AllBut(groups) | Owners::Only(groups)) = &settings.groups;
    let ids = |owners: &[Owner]| -> BTreeSet<u32> {
        let number = |owner: &Owner| match owner {
            Owner::Id(id) => Some(*id),
            Owner::Name(_) => None,
        };
        owners.iter().filter_map(number).collect()
    };
    let uids = ids(&[settings.uids.as_slice(), &settings.exclude_users].concat());
    let gids = ids(&[settings.gids.as_slice(), groups].concat());
    let as_user = uids.into_iter().map(|uid| User { uid, ..APPLICATION });
    let in_group = gids.into_iter().map(|gid| User { gid, ..APPLICATION });
    let mut users = vec![ROOT, APPLICATION, PROXY, OTHER];
    users.extend(as_user.chain(in_group));
    users
}

fn told(settings: &Settings) -> Vec<u16> {
    let inbound = match &settings.inbound {
        Inbound::None => &[][..],
        Inbound::AllBut(ports) | Inbound::Only(ports) => ports,
    };
    let outbound = settings
        .outbound_ports
        .iter()
        .chain(&settings.exclude_outbound_ports);
    let all: BTreeSet<u16> = inbound.iter().chain(outbound).copied().collect();
    all.into_iter().chain([settings.tunnel_port]).collect()
}

fn hosts(settings: &Settings) -> Vec<IpAddr> {
    let captured = match &settings.outbound {
        Cidrs::All => &[][..],
        Cidrs::Only(nets) => nets,
    };
    let nets = captured.iter().chain(&settings.exclude_cidrs);
    let hosts: BTreeSet<IpAddr> = nets.filter_map(|net| net.hosts().nth(4)).collect();
    hosts.into_iter().filter(|host| !host.is_loopback()).collect()
}
