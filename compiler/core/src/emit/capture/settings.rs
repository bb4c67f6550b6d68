use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::rule::Owner;
use crate::emit::snapshot::target;
use crate::model::{DnsCapture, Group, InboundPorts, Mesh};

/// What is captured. The comments name the flags of `istio-iptables` that mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where outbound connections go (`-p`).
    pub outbound_port: u16,
    /// Where inbound connections go (`-z`).
    pub inbound_port: u16,
    /// A port for tunnels that is never redirected (`-e`).
    pub tunnel_port: u16,
    /// Where queries go.
    pub dns_port: u16,
    /// Users whose own packets pass (`-u`).
    pub uids: Vec<Owner>,
    /// Groups whose own packets pass (`-g`).
    pub gids: Vec<Owner>,
    /// Inbound connections (`-b`, `-d`).
    pub inbound: Inbound,
    /// Outbound destinations (`-i`).
    pub outbound: Cidrs,
    /// Outbound destinations that are left alone (`-x`).
    pub exclude_cidrs: Vec<IpNet>,
    /// Outbound ports that are taken whatever the destination (`-q`).
    pub outbound_ports: Vec<u16>,
    /// Outbound ports that are left alone (`-o`).
    pub exclude_outbound_ports: Vec<u16>,
    /// Queries (`--redirect-dns`, `--capture-all-dns`).
    pub dns: DnsServers,
    /// Interfaces that are left alone (`-c`).
    pub exclude_interfaces: Vec<String>,
    /// Interfaces of virtual machines and containers, whose traffic is outbound (`-k`).
    pub virtual_interfaces: Vec<String>,
    /// How inbound connections get to the proxy (`-m`).
    pub mode: InboundMode,
    /// Groups whose connections and queries are captured (`ISTIO_OUTBOUND_OWNER_GROUPS` and `…_EXCLUDE`).
    pub groups: Owners,
    /// Users whose connections and queries are left alone; Istio has no such setting.
    pub exclude_users: Vec<Owner>,
    /// Packets that belong to no connection are thrown away (`--drop-invalid`).
    pub drop_invalid: bool,
    /// IPv6 is captured like IPv4 (`--dual-stack`).
    pub ipv6: bool,
    /// Local destinations that are left alone, over IPv4 (`ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR`); `::1` over IPv6.
    pub loopback: Ipv4Net,
}

/// How inbound connections get to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundMode {
    /// Their destination is rewritten (`-m REDIRECT`).
    Redirect,
    /// They are handed over as they are, to a transparent socket (`-m TPROXY`).
    Tproxy {
        /// The mark of packets that are for the proxy (`-t`).
        mark: u32,
        /// The table of routes that leads what bears it to this machine (`-r`).
        table: u32,
    },
}

impl InboundMode {
    /// TPROXY with the mark and the table that Istio uses.
    pub const TPROXY: Self = Self::Tproxy {
        mark: 1337,
        table: 133,
    };
}

/// Whose connections are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Those of all groups but these.
    AllBut(Vec<Owner>),
    /// Those of these groups.
    Only(Vec<Owner>),
}

/// Inbound connections that are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// None (`-b ""`).
    None,
    /// All but these ports (`-b "*" -d …`).
    AllBut(Vec<u16>),
    /// These ports (`-b …`).
    Only(Vec<u16>),
}

/// Outbound destinations that are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cidrs {
    /// All (`-i "*"`).
    All,
    /// These; with none, nothing (`-i …`).
    Only(Vec<IpNet>),
}

/// Queries that are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsServers {
    /// None.
    None,
    /// Those to these servers, the machine's own (`--redirect-dns`).
    Only(Vec<IpAddr>),
    /// All (`--capture-all-dns`).
    All,
}

/// meshd's user and group.
pub(crate) const MESHD_ID: u32 = 1337;
/// SSH.
const SSH_PORT: u16 = 22;
/// What meshd and Istio's agent serve on every address themselves: they are never captured.
const OWN_PORTS: [u16; 3] = [15020, 15021, 15090];

impl Default for Settings {
    /// What `istio-iptables` captures when it is told nothing but Istio's usual ports and user.
    fn default() -> Self {
        Self {
            outbound_port: 15001,
            inbound_port: 15006,
            tunnel_port: 15008,
            dns_port: 15053,
            uids: vec![Owner::Id(MESHD_ID)],
            gids: vec![Owner::Id(MESHD_ID)],
            inbound: Inbound::None,
            outbound: Cidrs::All,
            exclude_cidrs: Vec::new(),
            outbound_ports: Vec::new(),
            exclude_outbound_ports: Vec::new(),
            dns: DnsServers::None,
            exclude_interfaces: Vec::new(),
            virtual_interfaces: Vec::new(),
            mode: InboundMode::Redirect,
            groups: Owners::AllBut(Vec::new()),
            exclude_users: Vec::new(),
            drop_invalid: false,
            ipv6: true,
            loopback: Ipv4Net::from(Ipv4Addr::LOCALHOST),
        }
    }
}

impl Settings {
    /// What the spec asks for on the VMs of a group.
    pub fn of_group(mesh: &Mesh, group: &Group) -> Self {
        let capture = &group.capture;
        Self {
            inbound: inbound(mesh, group),
            outbound: capture
                .outbound
                .as_ref()
                .map_or(Cidrs::All, |ranges| Cidrs::Only(ranges.clone())),
            exclude_cidrs: capture.exclude_outbound.clone(),
            outbound_ports: capture.outbound_ports.clone(),
            exclude_outbound_ports: capture.exclude_outbound_ports.clone(),
            dns: match mesh.dns.capture {
                // Rules for single servers would need the machine's resolv.conf, which only the machine knows; who has
                // a forwarder of his own leaves its user alone.
                DnsCapture::Packets => DnsServers::All,
                DnsCapture::Resolved | DnsCapture::None => DnsServers::None,
            },
            exclude_interfaces: capture.exclude_interfaces.clone(),
            virtual_interfaces: capture.virtual_interfaces.clone(),
            mode: if capture.tproxy {
                InboundMode::TPROXY
            } else {
                InboundMode::Redirect
            },
            groups: capture.only_groups.as_ref().map_or_else(
                || Owners::AllBut(owners(&capture.exclude_groups)),
                |groups| Owners::Only(owners(groups)),
            ),
            exclude_users: owners(&capture.exclude_users),
            drop_invalid: capture.drop_invalid,
            ipv6: capture.ipv6,
            loopback: capture.loopback.unwrap_or(Ipv4Net::from(Ipv4Addr::LOCALHOST)),
            ..Self::default()
        }
    }
}

fn owners(names: &[String]) -> Vec<Owner> {
    names.iter().map(|name| Owner::from(name.as_str())).collect()
}

/// SSH is left alone whatever the spec says: rules that cut the operator off cannot be taken back by him.
fn inbound(mesh: &Mesh, group: &Group) -> Inbound {
    let ssh = group.vms.iter().filter_map(|vm| vm.ssh.port).chain([SSH_PORT]);
    let spared: BTreeSet<u16> = ssh.chain(OWN_PORTS).collect();
    match &group.capture.inbound {
        InboundPorts::Declared => {
            let ports = declared(mesh, group);
            Inbound::Only(ports.difference(&spared).copied().collect())
        }
        InboundPorts::Only(ports) => {
            let ports: Vec<u16> = ports
                .iter()
                .copied()
                .filter(|port| !spared.contains(port))
                .collect();
            if ports.is_empty() {
                Inbound::None
            } else {
                Inbound::Only(ports)
            }
        }
        InboundPorts::AllBut(except) => {
            let all: BTreeSet<u16> = spared.iter().chain(except).copied().collect();
            Inbound::AllBut(all.into_iter().collect())
        }
    }
}

fn declared(mesh: &Mesh, group: &Group) -> BTreeSet<u16> {
    let targets = mesh
        .services_on(group)
        .flat_map(|service| service.proxied_ports().map(|port| target(group, port)));
    targets.chain(group.ports.values().copied()).collect()
}
