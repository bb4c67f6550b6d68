use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Chain, Id, Protocol, Rule, Ruleset, Target, Test, What};
use crate::diag::Span;

/// Chains in chains: more are not followed.
const DEPTH: usize = 32;

/// A packet that opens a connection.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// TCP or UDP.
    pub(crate) protocol: Protocol,
    /// To whom; what comes in is to one of the machine's own addresses, whichever that is.
    pub(crate) destination: IpAddr,
    /// To which port.
    pub(crate) port: u16,
    /// Where it comes from or goes to.
    pub(crate) way: Way,
}

/// Which way a packet goes.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// From outside to the machine.
    In,
    /// From the machine to outside, by a user and a group; `None` is somebody whom no rule names.
    Out { user: Option<Id>, group: Option<Id> },
}

/// What becomes of a packet in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// It goes its way.
    Passes,
    /// It is thrown away, by this rule.
    Dropped(Span),
    /// It is sent to a port of the machine, by this rule.
    Redirected(u16, Span),
    /// That depends on what is not known here.
    Unknown,
}

/// What a chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Falls,
    Decided(Fate),
}

/// Whether a rule is for a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    Maybe,
}

impl Ruleset {
    /// What becomes of `packet` in `table`, from its chain `chain` on. `Unknown` where rules ask for more than is known.
    pub(crate) fn fate(&self, table: &str, chain: &str, packet: &Packet) -> Fate {
        let Some(chains) = self.tables.get(table) else {
            return Fate::Passes;
        };
        let mut walk = Walk {
            chains,
            packet,
            known: BTreeMap::new(),
        };
        let ends = walk.chain(chain, DEPTH);
        let drops = chains.get(chain).is_some_and(|chain| chain.drops);
        let fates: BTreeSet<_> = ends
            .into_iter()
            .map(|end| match end {
                End::Decided(fate) => fate,
                End::Falls if drops => Fate::Dropped(Span::default()),
                End::Falls => Fate::Passes,
            })
            .collect();
        match fates.first() {
            Some(only) if fates.len() == 1 => *only,
            _ => Fate::Unknown,
        }
    }
}

struct Walk<'a> {
    chains: &'a BTreeMap<String, Chain>,
    packet: &'a Packet,
    /// What chains do with the packet, so that each is walked once.
    known: BTreeMap<&'a str, BTreeSet<End>>,
}

impl<'a> Walk<'a> {
    fn chain(&mut self, name: &str, depth: usize) -> BTreeSet<End> {
        let unknown = || BTreeSet::from([End::Decided(Fate::Unknown)]);
        let Some((name, chain)) = self.chains.get_key_value(name) else {
            // The kernel's own chains are not always written; others must be.
            let own = ["PREROUTING", "INPUT", "OUTPUT", "FORWARD", "POSTROUTING"].contains(&name);
            return if own {
                BTreeSet::from([End::Falls])
            } else {
                unknown()
            };
        };
        if let Some(known) = self.known.get(name.as_str()) {
            return known.clone();
        }
        if depth == 0 {
            return unknown();
        }
        // Whoever comes back here goes in circles.
        self.known.insert(name, unknown());
        let ends = self.rules(&chain.rules, depth - 1);
        self.known.insert(name, ends.clone());
        ends
    }

    fn rules(&mut self, rules: &'a [Rule], depth: usize) -> BTreeSet<End> {
        let mut all = BTreeSet::new();
        for rule in rules {
            let answer = self.answer(rule);
            if answer == Answer::No {
                continue;
            }
            let (ends, goes_on) = self.target(rule, depth);
            all.extend(ends);
            if answer == Answer::Yes && !goes_on {
                return all;
            }
        }
        all.insert(End::Falls);
        all
    }

    /// What a rule's target does, and whether the packet may come back to the rules behind it.
    fn target(&mut self, rule: &Rule, depth: usize) -> (BTreeSet<End>, bool) {
        let decided = |fate| (BTreeSet::from([End::Decided(fate)]), false);
        match &rule.target {
            Target::Accept => decided(Fate::Passes),
            Target::Drop => decided(Fate::Dropped(rule.span)),
            Target::Redirect(port) => decided(Fate::Redirected(*port, rule.span)),
            Target::Elsewhere => decided(Fate::Unknown),
            Target::Return => (BTreeSet::from([End::Falls]), false),
            Target::Continue => (BTreeSet::new(), true),
            Target::Goto(chain) => (self.chain(chain, depth), false),
            Target::Jump(chain) => {
                let mut ends = self.chain(chain, depth);
                let goes_on = ends.remove(&End::Falls);
                (ends, goes_on)
            }
        }
    }

    fn answer(&self, rule: &Rule) -> Answer {
        let mut all = Answer::Yes;
        for test in &rule.tests {
            match (self.test(&test.what), test) {
                (Answer::Maybe, _) => all = Answer::Maybe,
                (Answer::No, Test { negated: false, .. }) | (Answer::Yes, Test { negated: true, .. }) => {
                    return Answer::No;
                }
                _ => {}
            }
        }
        all
    }

    fn test(&self, what: &What) -> Answer {
        let packet = self.packet;
        let outside = |name: &str| match name {
            "lo" => Answer::No,
            "+" => Answer::Yes,
            _ => Answer::Maybe,
        };
        let is = |holds: bool| if holds { Answer::Yes } else { Answer::No };
        match (what, &packet.way) {
            (What::Protocol(protocol), _) => is(*protocol == packet.protocol),
            (What::Source(net), _) | (What::Destination(net), Way::In) => somewhere(net),
            (What::Destination(net), Way::Out { .. }) => is(net.contains(&packet.destination)),
            (What::LocalDestination, Way::In) | (What::New, _) => Answer::Yes,
            (What::LocalDestination, Way::Out { .. }) | (What::NotNew, _) => Answer::No,
            (What::Input(name), Way::In) | (What::Output(name), Way::Out { .. }) => outside(name),
            (What::Ports(ports), _) => is(ports
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&packet.port))),
            (What::User(id), Way::Out { user, .. }) => same(id, user.as_ref()),
            (What::Group(id), Way::Out { group, .. }) => same(id, group.as_ref()),
            (What::User(_) | What::Group(_) | What::Output(_), Way::In)
            | (What::Input(_), Way::Out { .. }) => Answer::No,
            (What::Else, _) => Answer::Maybe,
        }
    }
}

/// An address that is only known to be no loopback.
fn somewhere(net: &ipnet::IpNet) -> Answer {
    match net {
        net if net.prefix_len() == 0 => Answer::Yes,
        net if net.network().is_loopback() => Answer::No,
        _ => Answer::Maybe,
    }
}

/// A number and a name may be the same user.
fn same(named: &Id, own: Option<&Id>) -> Answer {
    match (named, own) {
        (_, None) => Answer::No,
        (named, Some(own)) if named == own => Answer::Yes,
        (Id::Number(_), Some(Id::Number(_))) | (Id::Name(_), Some(Id::Name(_))) => Answer::No,
        _ => Answer::Maybe,
    }
}
