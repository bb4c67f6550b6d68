//! The algorithm of `istio-iptables`, as rules in order.
//!
//! Where it differs from Istio's, and why:
//! - IPv6 is captured unless it is switched off. Istio does it only with `--dual-stack`, or where the machine's first
//!   address is one of IPv6; everything else that a machine sends over IPv6 then bypasses the mesh.
//! - Rules for excluded and virtual interfaces stand in our own chains, not in the kernel's, so that they go away
//!   with them. So does all that marks packets for TPROXY.
//! - Only packets that open a connection are redirected. A connection that stood before the kernel began to track
//!   connections looks new to it; Istio's rules then redirect it in the middle, such as the SSH session that is
//!   just putting the rules in force.
//! - What the proxy hands to the application from a client's own address is told by that address, and bears the mark of
//!   TPROXY from then on. Istio has its proxy set the mark, which takes the right to change the machine's network.
//! - Users can be left alone as groups can (`ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE`), at the same place.

mod marks;
mod queries;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::rule::Match::{
    From, Group, In, Mark, NotGroup, NotOpening, NotPorts, NotTo, NotUser, Out, Port, Protocol, To, User,
};
use super::rule::Transport::{Tcp, Udp};
use super::rule::Verdict::{Jump, Redirect, Return};
use super::rule::{Chain, Family, Match, Net, Rule, Table, Verdict};
use super::settings::{Cidrs, Inbound, InboundMode, Owners, Settings};

const DNS: u16 = 53;

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
    rules.marks();
    if settings.ipv6 {
        rules.all
    } else {
        rules.all.into_iter().filter_map(of_ipv4).collect()
    }
}

/// The rule where IPv6 is left alone. Our own chains are reached from the kernel's only: it is enough to ask there.
fn of_ipv4(mut rule: Rule) -> Option<Rule> {
    let asks = !rule.chain.is_own() || rule.matches.iter().any(Match::is_of_family);
    if rule.family.is_none() && asks {
        rule.family = Some(Family::V4);
    }
    (rule.family != Some(Family::V6)).then_some(rule)
}

struct Rules<'a> {
    settings: &'a Settings,
    all: Vec<Rule>,
}

impl Rules<'_> {
    fn add(
        &mut self,
        table: Table,
        family: Option<Family>,
        chain: Chain,
        matches: Vec<Match>,
        verdict: Verdict,
    ) {
        self.all.push(Rule {
            table,
            chain,
            matches,
            verdict,
            family,
        });
    }

    fn nat(&mut self, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.add(Table::Nat, None, chain, matches, verdict);
    }

    fn nat_of(&mut self, family: Family, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.add(Table::Nat, Some(family), chain, matches, verdict);
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
        if self.settings.mode != InboundMode::Redirect {
            return;
        }
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
    /// what is not captured passes. Istio puts each rule before those that it has: the order is turned round.
    fn virtual_interfaces(&mut self) {
        let settings = self.settings;
        let from = || settings.virtual_interfaces.iter().rev().cloned().map(In);
        match &settings.outbound {
            Cidrs::All => from().for_each(|from| self.nat(Chain::Inbound, vec![from], Jump(Chain::Redirect))),
            Cidrs::Only(nets) => {
                for net in nets.iter().rev() {
                    for from in from() {
                        let matches = vec![from, To(Net::Range(*net))];
                        self.nat_of(family(net), Chain::Inbound, matches, Jump(Chain::Redirect));
                    }
                }
            }
        }
        from().for_each(|from| self.nat(Chain::Inbound, vec![from], Return));
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
        self.nat(Chain::Outbound, vec![Out(lo()), From(inbound_source())], Return);
        if let InboundMode::Tproxy { mark, .. } = self.settings.mode {
            self.nat(Chain::Outbound, vec![Out(lo()), Mark(mark)], Return);
        }
        for uid in &self.settings.uids {
            // The proxy asks servers on this machine directly, not through its own inbound side.
            let direct = if self.captures_dns() {
                vec![DNS]
            } else {
                Vec::new()
            };
            self.of_proxy(User(uid.clone()), NotUser(uid.clone()), direct);
        }
        for gid in &self.settings.gids {
            self.of_proxy(Group(gid.clone()), NotGroup(gid.clone()), Vec::new());
        }
        self.owners();
        self.queries();
        self.nat(Chain::Outbound, vec![To(self.loopback())], Return);
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
            NotTo(self.loopback()),
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

    /// Whose connections and queries are left alone.
    fn owners(&mut self) {
        for user in &self.settings.exclude_users {
            self.nat(Chain::Outbound, vec![User(user.clone())], Return);
        }
        match &self.settings.groups {
            Owners::AllBut(groups) => {
                for group in groups {
                    self.nat(Chain::Outbound, vec![Group(group.clone())], Return);
                }
            }
            Owners::Only(groups) => {
                let others = groups.iter().cloned().map(NotGroup).collect();
                self.nat(Chain::Outbound, others, Return);
            }
        }
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

    fn hooks(&mut self) {
        let redirects = self.settings.inbound != Inbound::None && self.settings.mode == InboundMode::Redirect;
        let reroutes =
            !self.settings.virtual_interfaces.is_empty() && self.settings.outbound != Cidrs::Only(Vec::new());
        if redirects || reroutes {
            self.nat(Chain::Prerouting, vec![Protocol(Tcp)], Jump(Chain::Inbound));
        }
        self.nat(Chain::Output, Vec::new(), Jump(Chain::Outbound));
    }

    /// 127.0.0.1 and ::1: what is sent there is left alone.
    fn loopback(&self) -> Net {
        Net::Both(
            self.settings.loopback,
            Ipv6Net::from(std::net::Ipv6Addr::LOCALHOST),
        )
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

/// 127.0.0.6 and ::6, which the proxy's inbound connections come from.
fn inbound_source() -> Net {
    Net::Both(
        Ipv4Net::from(std::net::Ipv4Addr::new(127, 0, 0, 6)),
        Ipv6Net::from(std::net::Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6)),
    )
}

const fn family(net: &IpNet) -> Family {
    match net {
        IpNet::V4(_) => Family::V4,
        IpNet::V6(_) => Family::V6,
    }
}
