//! A packet filter's rule, before it is written in anybody's format.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Where rules stand: the kernel's tables of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Before connections are tracked.
    Raw,
    /// Where packets are marked, before they are routed.
    Mangle,
    /// Where destinations are rewritten.
    Nat,
}

/// A chain: the kernel's, or one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Packets that arrive.
    Prerouting,
    /// Packets that this machine sends.
    Output,
    /// Ours: what arrives.
    Inbound,
    /// Ours: to the outbound port.
    Redirect,
    /// Ours: to the inbound port.
    InRedirect,
    /// Ours: what is sent.
    Outbound,
    /// Ours: queries.
    OutboundDns,
    /// Ours: all that arrives, where marks decide.
    Arriving,
    /// Ours: to the proxy's socket, by its mark.
    Divert,
    /// Ours: to the inbound port, with the destination left as it is.
    Tproxy,
    /// Ours: away with it.
    Drop,
}

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// The one that has the same meaning in both families.
    Both(Ipv4Net, Ipv6Net),
    /// One of the user's, of one family.
    Range(IpNet),
}

/// A user or a group: by its number, or by its name on the machine, which the tool that loads the rules looks up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// By number.
    Id(u32),
    /// By name.
    Name(String),
}

/// A condition on a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It arrives on this interface.
    In(String),
    /// It leaves by this interface.
    Out(String),
    /// It comes from there.
    From(Net),
    /// It goes there.
    To(Net),
    /// It comes from an address that is not this machine's.
    FromElsewhere,
    /// It goes elsewhere.
    NotTo(Net),
    /// It is of this protocol.
    Protocol(Transport),
    /// It goes to this port.
    Port(Transport, u16),
    /// It goes to another port than these.
    NotPorts(Transport, Vec<u16>),
    /// It comes from this port.
    SourcePort(Transport, u16),
    /// It is TCP, and does not open a connection.
    NotOpening,
    /// This user sent it.
    User(Owner),
    /// Somebody else sent it.
    NotUser(Owner),
    /// This group sent it.
    Group(Owner),
    /// Another group sent it.
    NotGroup(Owner),
    /// It bears this mark.
    Mark(u32),
    /// It bears another mark, or none.
    NotMark(u32),
    /// Its connection bears this mark.
    ConnectionMark(u32),
    /// Its connection stands, or belongs to one that does.
    Established,
    /// It belongs to no connection.
    Invalid,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Back to the chain before.
    Return,
    /// On to another chain.
    Jump(Chain),
    /// To a port of this machine.
    Redirect(u16),
    /// Tracked in a zone of its own.
    Zone(u16),
    /// Marked, and on to the next rule.
    Mark(u32),
    /// Its connection gets its mark.
    SaveMark,
    /// It gets its connection's mark.
    RestoreMark,
    /// To the transparent socket on `port`, with a mark that routes it to this machine.
    Tproxy {
        /// The socket's.
        port: u16,
        /// The mark.
        mark: u32,
    },
    /// It passes.
    Accept,
    /// It is gone.
    Drop,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its table.
    pub table: Table,
    /// Its chain.
    pub chain: Chain,
    /// All must hold.
    pub matches: Vec<Match>,
    /// What then happens.
    pub verdict: Verdict,
    /// The family that it is for; `None` is both.
    pub family: Option<Family>,
}

impl Chain {
    /// The chain is one of ours.
    pub const fn is_own(self) -> bool {
        !matches!(self, Self::Prerouting | Self::Output)
    }
}

impl Family {
    /// That of an address.
    pub const fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl Net {
    /// The range in one family. A user's range is written as it is: its rule is of its family.
    pub fn text(self, family: Family) -> String {
        match (self, family) {
            (Self::Both(v4, _), Family::V4) => v4.to_string(),
            (Self::Both(_, v6), Family::V6) => v6.to_string(),
            (Self::Range(net), _) => net.to_string(),
        }
    }
}

impl Match {
    /// The condition names an address, so that the rule is written for each family.
    pub const fn is_of_family(&self) -> bool {
        matches!(self, Self::From(_) | Self::To(_) | Self::NotTo(_))
    }
}

impl From<&str> for Owner {
    fn from(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }
}

impl From<u32> for Owner {
    fn from(id: u32) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}
