//! The algorithm of `istio-iptables`, as rules in order.
//!
//! Where it differs from Istio's, and why:
//! - IPv6 is always captured. Istio does it only with `--dual-stack`; everything that a machine sends over IPv6
//!   then bypasses the mesh, mutual TLS and policies.
//! - Rules for excluded and virtual interfaces stand in our own chains, not in the kernel's, so that they go away
//!   with them.
//! - Only packets that open a connection are redirected. A connection that stood before the kernel began to track
//!   connections looks new to it; Istio's rules then redirect it in the middle, such as the SSH session that is
//!   just putting the rules in force.

use std::net::IpAddr;

use ipnet::IpNet;

use super::rule::Match::{
    From, Group, In, NotGroup, NotOpening, NotPorts, NotTo, NotUser, Out, Port, Protocol, SourcePort, To,
    User,
};
use super::rule::Transport::{Tcp, Udp};
use super::rule::Verdict::{Jump, Redirect, Return, Zone};
use super::rule::{Chain, Family, Match, Net, Rule, Table, Verdict};
use super::settings::{Cidrs, DnsServers, Inbound, Settings};

const DNS: u16 = 53;
/// Between the proxy and the servers that it asks.
const ZONE_UPSTREAM: u16 = 1;
/// Between applications and the proxy.
const ZONE_CLIENTS: u16 = 2;

/// The rules for `settings`, in the order in which they are added.
pub fn program(settings: &Settings) -> Vec<Rule> {
    let mut rules = Rules {
        settings,
        all: Vec::new(),
    };
    rules.inbound();
    rules.outbound();
    rules.hooks();
    rules.queries_apart();
    rules.all
}

struct Rules<'a> {
    settings: &'a Settings,
    all: Vec<Rule>,
}

impl Rules<'_> {
    fn nat(&mut self, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.all.push(Rule {
            table: Table::Nat,
            chain,
            matches,
            verdict,
            family: None,
        });
    }

    fn nat_of(&mut self, family: Family, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.all.push(Rule {
            table: Table::Nat,
            chain,
            matches,
            verdict,
            family: Some(family),
        });
    }

    fn raw(&mut self, family: Option<Family>, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.all.push(Rule {
            table: Table::Raw,
            chain,
            matches,
            verdict,
            family,
        });
    }

    fn inbound(&mut self) {
        self.nat(Chain::Inbound, vec![NotOpening], Return);
        self.virtual_interfaces();
        for name in &self.settings.exclude_interfaces {
            self.nat(Chain::Inbound, vec![In(name.clone())], Return);
        }
        self.nat(Chain::Inbound, vec![Port(Tcp, self.settings.tunnel_port)], Return);
        self.nat(
            Chain::Redirect,
            vec![Protocol(Tcp)],
            Redirect(self.settings.outbound_port),
        );
        self.nat(
            Chain::InRedirect,
            vec![Protocol(Tcp)],
            Redirect(self.settings.inbound_port),
        );
        match &self.settings.inbound {
            Inbound::None => {}
            Inbound::AllBut(except) => {
                for port in except {
                    self.nat(Chain::Inbound, vec![Port(Tcp, *port)], Return);
                }
                self.nat(Chain::Inbound, vec![Protocol(Tcp)], Jump(Chain::InRedirect));
            }
            Inbound::Only(ports) => {
                for port in ports {
                    self.nat(Chain::Inbound, vec![Port(Tcp, *port)], Jump(Chain::InRedirect));
                }
            }
        }
    }

    /// What virtual machines and containers of this machine send arrives here: for the mesh it is outbound, and
    /// what is not captured passes.
    fn virtual_interfaces(&mut self) {
        for name in &self.settings.virtual_interfaces {
            match &self.settings.outbound {
                Cidrs::All => self.nat(Chain::Inbound, vec![In(name.clone())], Jump(Chain::Redirect)),
                Cidrs::Only(nets) => {
                    for net in nets {
                        let matches = vec![In(name.clone()), To(Net::Range(*net))];
                        self.nat_of(family(net), Chain::Inbound, matches, Jump(Chain::Redirect));
                    }
                }
            }
            self.nat(Chain::Inbound, vec![In(name.clone())], Return);
        }
    }

    fn outbound(&mut self) {
        self.nat(Chain::Outbound, vec![NotOpening], Return);
        for name in &self.settings.exclude_interfaces {
            self.nat(Chain::Outbound, vec![Out(name.clone())], Return);
        }
        for port in &self.settings.exclude_outbound_ports {
            self.nat(Chain::Outbound, vec![Port(Tcp, *port)], Return);
            self.nat(Chain::Outbound, vec![Port(Udp, *port)], Return);
        }
        self.nat(Chain::Outbound, vec![Out(lo()), From(Net::InboundSource)], Return);
        for uid in &self.settings.uids {
            // The proxy asks servers on this machine directly, not through its own inbound side.
            let direct = if self.captures_dns() {
                vec![DNS]
            } else {
                Vec::new()
            };
            self.of_proxy(User(*uid), NotUser(*uid), direct);
        }
        for gid in &self.settings.gids {
            self.of_proxy(Group(*gid), NotGroup(*gid), Vec::new());
        }
        self.queries();
        self.nat(Chain::Outbound, vec![To(Net::Loopback)], Return);
        for net in &self.settings.exclude_cidrs {
            self.nat_of(family(net), Chain::Outbound, vec![To(Net::Range(*net))], Return);
        }
        self.destinations();
    }

    /// What the proxy itself sends passes, but for calls of the machine to itself by a service's address: those
    /// come in again through the inbound side, so that its policies hold.
    fn of_proxy(&mut self, own: Match, other: Match, direct: Vec<u16>) {
        let spared = direct.into_iter().chain([self.settings.tunnel_port]).collect();
        let to_itself = vec![
            Out(lo()),
            NotTo(Net::Loopback),
            NotPorts(Tcp, spared),
            own.clone(),
        ];
        self.nat(Chain::Outbound, to_itself, Jump(Chain::InRedirect));
        if !self.loopback_is_wanted() {
            let mut local = vec![Out(lo())];
            if self.captures_dns() {
                local.push(NotPorts(Tcp, vec![DNS]));
            }
            local.push(other);
            self.nat(Chain::Outbound, local, Return);
        }
        self.nat(Chain::Outbound, vec![own], Return);
    }

    fn destinations(&mut self) {
        for port in &self.settings.outbound_ports {
            self.nat(Chain::Outbound, vec![Port(Tcp, *port)], Jump(Chain::Redirect));
        }
        match &self.settings.outbound {
            Cidrs::All => self.nat(Chain::Outbound, Vec::new(), Jump(Chain::Redirect)),
            Cidrs::Only(nets) => {
                for net in nets {
                    let to = vec![To(Net::Range(*net))];
                    self.nat_of(family(net), Chain::Outbound, to, Jump(Chain::Redirect));
                }
            }
        }
    }

    fn queries(&mut self) {
        match &self.settings.dns {
            DnsServers::None => {}
            DnsServers::All => {
                self.nat(Chain::Outbound, Vec::new(), Jump(Chain::OutboundDns));
                for transport in [Tcp, Udp] {
                    let redirect = Redirect(self.settings.dns_port);
                    self.nat(Chain::OutboundDns, vec![Port(transport, DNS)], redirect);
                }
            }
            DnsServers::Only(servers) => {
                for family in [Family::V4, Family::V6] {
                    if servers.iter().any(|server| Family::of(server) == family) {
                        self.nat_of(family, Chain::Outbound, Vec::new(), Jump(Chain::OutboundDns));
                    }
                }
                for transport in [Tcp, Udp] {
                    for server in servers {
                        let matches = vec![Port(transport, DNS), To(host(server))];
                        let redirect = Redirect(self.settings.dns_port);
                        self.nat_of(Family::of(server), Chain::OutboundDns, matches, redirect);
                    }
                }
            }
        }
    }

    fn hooks(&mut self) {
        if self.settings.inbound != Inbound::None || !self.settings.virtual_interfaces.is_empty() {
            self.nat(Chain::Prerouting, vec![Protocol(Tcp)], Jump(Chain::Inbound));
        }
        self.nat(Chain::Output, Vec::new(), Jump(Chain::Outbound));
    }

    /// A query of an application and that of the proxy on its behalf may have the same five numbers: their
    /// answers would be mixed up. They are tracked in two zones.
    fn queries_apart(&mut self) {
        if !self.captures_dns() {
            return;
        }
        let uids = self.settings.uids.iter().map(|uid| User(*uid));
        let gids = self.settings.gids.iter().map(|gid| Group(*gid));
        for owner in uids.chain(gids) {
            let asks = vec![Port(Udp, DNS), owner.clone()];
            self.raw(None, Chain::OutboundDns, asks, Zone(ZONE_UPSTREAM));
            let answers = vec![SourcePort(Udp, self.settings.dns_port), owner];
            self.raw(None, Chain::OutboundDns, answers, Zone(ZONE_CLIENTS));
        }
        let mut families = vec![];
        match &self.settings.dns {
            DnsServers::None => {}
            DnsServers::All => {
                self.raw(None, Chain::OutboundDns, vec![Port(Udp, DNS)], Zone(ZONE_CLIENTS));
                self.raw(
                    None,
                    Chain::Inbound,
                    vec![SourcePort(Udp, DNS)],
                    Zone(ZONE_UPSTREAM),
                );
                families.push(None);
            }
            DnsServers::Only(servers) => {
                for server in servers {
                    let family = Some(Family::of(server));
                    let asks = vec![Port(Udp, DNS), To(host(server))];
                    self.raw(family, Chain::OutboundDns, asks, Zone(ZONE_CLIENTS));
                    let answers = vec![SourcePort(Udp, DNS), From(host(server))];
                    self.raw(family, Chain::Inbound, answers, Zone(ZONE_UPSTREAM));
                    if !families.contains(&family) {
                        families.push(family);
                    }
                }
            }
        }
        self.raw(None, Chain::Output, Vec::new(), Jump(Chain::OutboundDns));
        for family in families {
            self.raw(family, Chain::Prerouting, Vec::new(), Jump(Chain::Inbound));
        }
    }

    fn captures_dns(&self) -> bool {
        match &self.settings.dns {
            DnsServers::None => false,
            DnsServers::Only(servers) => !servers.is_empty(),
            DnsServers::All => true,
        }
    }

    /// The user asks for connections to the machine itself: they are not let pass.
    fn loopback_is_wanted(&self) -> bool {
        match &self.settings.outbound {
            Cidrs::All => false,
            Cidrs::Only(nets) => nets.iter().any(|net| net.addr().is_loopback()),
        }
    }
}

fn lo() -> String {
    "lo".to_owned()
}

fn host(address: &IpAddr) -> Net {
    Net::Range(IpNet::from(*address))
}

const fn family(net: &IpNet) -> Family {
    match net {
        IpNet::V4(_) => Family::V4,
        IpNet::V6(_) => Family::V6,
    }
}
