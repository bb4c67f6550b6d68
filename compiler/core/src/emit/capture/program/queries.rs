//! Queries to port 53, on their way to meshd (Istio `SetupDNSRedir`, `addDNSConntrackZones`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{DNS, Rules};
use crate::emit::capture::rule::Match::{From, Group, Port, SourcePort, To, User};
use crate::emit::capture::rule::Transport::{Tcp, Udp};
use crate::emit::capture::rule::Verdict::{Jump, Redirect, Zone};
use crate::emit::capture::rule::{Chain, Family, Match, Net, Table, Verdict};
use crate::emit::capture::settings::DnsServers;

/// Between the proxy and the servers that it asks.
const ZONE_UPSTREAM: u16 = 1;
/// Between applications and the proxy.
const ZONE_CLIENTS: u16 = 2;

impl Rules<'_> {
    fn raw(&mut self, family: Option<Family>, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.add(Table::Raw, family, chain, matches, verdict);
    }

    pub(super) fn queries(&mut self) {
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

    /// A query of an application and that of the proxy on its behalf may have the same five numbers: their
    /// answers would be mixed up. They are tracked in two zones.
    pub(super) fn queries_apart(&mut self) {
        if !self.captures_dns() {
            return;
        }
        let uids = self.settings.uids.iter().map(|uid| User(uid.clone()));
        let gids = self.settings.gids.iter().map(|gid| Group(gid.clone()));
        for owner in uids.chain(gids) {
            let asks = vec![Port(Udp, DNS), owner.clone()];
            self.raw(None, Chain::OutboundDns, asks, Zone(ZONE_UPSTREAM));
            let answers = vec![SourcePort(Udp, self.settings.dns_port), owner];
            self.raw(None, Chain::OutboundDns, answers, Zone(ZONE_CLIENTS));
        }
        // These ask servers directly, whose answers are expected in that zone.
        for user in &self.settings.exclude_users {
            let asks = vec![Port(Udp, DNS), User(user.clone())];
            self.raw(None, Chain::OutboundDns, asks, Zone(ZONE_UPSTREAM));
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

    pub(super) fn captures_dns(&self) -> bool {
        match &self.settings.dns {
            DnsServers::None => false,
            DnsServers::Only(servers) => !servers.is_empty(),
            DnsServers::All => true,
        }
    }
}

fn host(address: &IpAddr) -> Net {
    Net::Range(IpNet::from(*address))
}
