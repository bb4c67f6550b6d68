//! What capture rules make of a packet that opens a connection.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::emit::capture::rule::{Chain, Family, Match, Net, Rule, Table, Transport, Verdict};

/// A packet of TCP that opens a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// Where it goes.
    pub(super) to: IpAddr,
    /// The port that it goes to.
    pub(super) port: u16,
    /// The machine sends it to itself.
    pub(super) local: bool,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// It goes to a port of the proxy, by this rule.
    Captured(u16, &'a Rule),
    /// It goes where it was sent to; by a rule, or because none takes it.
    Passes(Option<&'a Rule>),
}

/// What a chain says, and by which rule.
enum Said<'a> {
    Fate(Fate<'a>),
    /// The chain before goes on; a rule said so, or its end.
    Back(Option<&'a Rule>),
}

/// What an application sends, as a user and a group that no rule names.
pub(super) fn sent(program: &[Rule], packet: Packet) -> Fate<'_> {
    of(program, Table::Nat, Chain::Output, packet)
}

/// What arrives from another machine.
pub(super) fn arriving(program: &[Rule], packet: Packet) -> Fate<'_> {
    match of(program, Table::Mangle, Chain::Prerouting, packet) {
        captured @ Fate::Captured(..) => captured,
        Fate::Passes(rule) => match of(program, Table::Nat, Chain::Prerouting, packet) {
            Fate::Passes(None) => Fate::Passes(rule),
            fate => fate,
        },
    }
}

fn of(program: &[Rule], table: Table, chain: Chain, packet: Packet) -> Fate<'_> {
    let walk = Walk {
        program,
        table,
        packet,
    };
    match walk.chain(chain) {
        Said::Fate(fate) => fate,
        Said::Back(rule) => Fate::Passes(rule),
    }
}

struct Walk<'a> {
    program: &'a [Rule],
    table: Table,
    packet: Packet,
}

impl<'a> Walk<'a> {
    fn chain(&self, chain: Chain) -> Said<'a> {
        let family = Family::of(&self.packet.to);
        let mut last = None;
        let own = self.program.iter().filter(|rule| {
            rule.table == self.table && rule.chain == chain && rule.family.is_none_or(|only| only == family)
        });
        for rule in own.filter(|rule| rule.matches.iter().all(|one| self.meets(one))) {
            match rule.verdict {
                Verdict::Return => return Said::Back(Some(rule)),
                Verdict::Accept | Verdict::Drop => return Said::Fate(Fate::Passes(Some(rule))),
                Verdict::Redirect(port) | Verdict::Tproxy { port, .. } => {
                    return Said::Fate(Fate::Captured(port, rule));
                }
                Verdict::Jump(next) => match self.chain(next) {
                    // The rule that leads to the proxy is the one that chooses; what it jumps to only does it.
                    Said::Fate(Fate::Captured(port, inner)) => {
                        let chooses = matches!(next, Chain::Redirect | Chain::InRedirect | Chain::Tproxy);
                        return Said::Fate(Fate::Captured(port, if chooses { rule } else { inner }));
                    }
                    said @ Said::Fate(_) => return said,
                    Said::Back(rule) => last = rule.or(last),
                },
                Verdict::Zone(_) | Verdict::Mark(_) | Verdict::SaveMark | Verdict::RestoreMark => {}
            }
        }
        Said::Back(last)
    }

    fn meets(&self, condition: &Match) -> bool {
        let tcp = |transport: &Transport| *transport == Transport::Tcp;
        match condition {
            // Interfaces have names that only the machine knows, but for its loopback.
            Match::In(name) | Match::Out(name) => self.packet.local && name == "lo",
            Match::To(net) => self.inside(*net),
            Match::NotTo(net) => !self.inside(*net),
            Match::Protocol(transport) => tcp(transport),
            Match::Port(transport, port) => tcp(transport) && self.packet.port == *port,
            Match::NotPorts(transport, ports) => tcp(transport) && !ports.contains(&self.packet.port),
            Match::NotUser(_) | Match::NotGroup(_) | Match::NotMark(_) => true,
            // An application has an address and a port of its own, opens a connection, and nobody has marked it.
            Match::From(_)
            | Match::FromElsewhere
            | Match::SourcePort(..)
            | Match::NotOpening
            | Match::User(_)
            | Match::Group(_)
            | Match::Mark(_)
            | Match::ConnectionMark(_)
            | Match::Established
            | Match::Invalid => false,
        }
    }

    fn inside(&self, net: Net) -> bool {
        match net {
            Net::Both(v4, v6) => {
                IpNet::V4(v4).contains(&self.packet.to) || IpNet::V6(v6).contains(&self.packet.to)
            }
            Net::Range(net) => net.contains(&self.packet.to),
        }
    }
}
