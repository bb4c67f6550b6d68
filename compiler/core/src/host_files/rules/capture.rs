//! What `istio-iptables` makes of its variables, and questions that rules of iptables are asked.

use std::net::IpAddr;

use super::items;
use crate::diag::Spanned;
use crate::host_files::Machine;
use crate::host_files::iptables::{Packet, Protocol, Ruleset, Way};

/// Users that Istio's and our own proxy run as.
pub(super) const PROXY: &[&str] = &["istio-proxy", "1337", "meshd"];

/// Ports that take what leaves the machine.
pub(super) const OUTBOUND: &[u16] = &[15001];

/// Ports that take what comes to it.
pub(super) const INBOUND: &[u16] = &[15006];

/// Where the agent answers questions for names.
pub(super) const DNS: u16 = 15053;

/// What Istio's agent serves itself on a machine, and for whom.
pub(super) const SERVED: &[(u16, &str)] = &[
    (15021, "health checks"),
    (15090, "Prometheus"),
    (15020, "merged metrics"),
];

/// An address outside, of no use to anybody.
pub(super) const SOMEWHERE: [&str; 2] = ["198.51.100.7", "2001:db8::7"];

/// The first of istiod's virtual addresses.
pub(super) const VIRTUAL: [&str; 2] = ["240.240.0.1", "2001:2::1"];

/// Which connections to the machine are captured, by its variables.
#[derive(Debug)]
pub(super) enum Inbound<'a> {
    /// Nothing says it.
    Unsaid,
    /// All but `except`.
    All {
        said: &'a Spanned<String>,
        except: Option<&'a Spanned<String>>,
    },
    /// Those to these ports.
    Only {
        said: &'a Spanned<String>,
        ports: Vec<Spanned<String>>,
    },
}

/// What ISTIO_INBOUND_PORTS says.
pub(super) fn inbound<'a>(machine: &'a Machine<'_>) -> Inbound<'a> {
    match machine.env("ISTIO_INBOUND_PORTS") {
        None => Inbound::Unsaid,
        Some(said) if said.value.trim() == "*" => Inbound::All {
            said,
            except: machine.env("ISTIO_LOCAL_EXCLUDE_PORTS"),
        },
        Some(said) => Inbound::Only {
            said,
            ports: items(said),
        },
    }
}

/// Envoy takes packets with their own addresses, and runs as root.
pub(super) fn is_tproxy(machine: &Machine<'_>) -> bool {
    machine
        .env("ISTIO_INBOUND_INTERCEPTION_MODE")
        .is_some_and(|mode| mode.value == "TPROXY")
}

/// `ports` holds `port`.
pub(super) fn holds(ports: &[Spanned<String>], port: u16) -> bool {
    ports.iter().any(|item| item.value.parse() == Ok(port))
}

/// A packet of TCP to one of `addresses`, whichever is of the rules' family.
pub(super) fn packet(rules: &Ruleset, addresses: [&str; 2], port: u16, way: Way) -> Packet {
    let address = addresses[usize::from(rules.v6)].parse();
    Packet {
        protocol: Protocol::Tcp,
        destination: address.unwrap_or(IpAddr::from([198, 51, 100, 7])),
        port,
        way,
    }
}

/// What becomes of a connection from outside to `port`: rules of nat, or those of mangle where TPROXY is used.
pub(super) fn arrives(rules: &Ruleset, port: u16) -> Option<(u16, crate::diag::Span)> {
    use crate::host_files::iptables::Fate;
    ["nat", "mangle"].into_iter().find_map(|table| {
        match rules.fate(table, "PREROUTING", &packet(rules, SOMEWHERE, port, Way::In)) {
            Fate::Redirected(to, span) if INBOUND.contains(&to) => Some((to, span)),
            _ => None,
        }
    })
}
