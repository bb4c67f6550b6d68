//! A packet filter's rule, before it is written in anybody's format.

use std::net::IpAddr;

use ipnet::IpNet;

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
    /// 127.0.0.1 and ::1.
    Loopback,
    /// 127.0.0.6 and ::6, which the proxy's inbound connections come from.
    InboundSource,
    /// One of the user's, of one family.
    Range(IpNet),
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
    User(u32),
    /// Somebody else sent it.
    NotUser(u32),
    /// This group sent it.
    Group(u32),
    /// Another group sent it.
    NotGroup(u32),
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
            (Self::Loopback, Family::V4) => "127.0.0.1/32".to_owned(),
            (Self::Loopback, Family::V6) => "::1/128".to_owned(),
            (Self::InboundSource, Family::V4) => "127.0.0.6/32".to_owned(),
            (Self::InboundSource, Family::V6) => "::6/128".to_owned(),
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
