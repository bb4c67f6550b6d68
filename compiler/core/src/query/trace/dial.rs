//! From the name to the proxy, or past it.

use std::net::{IpAddr, Ipv4Addr};

use super::names::Named;
use super::{Ended, Hop, Outcome, Step, Walk};
use crate::diag::code;
use crate::emit::capture::{self, Settings, program, rule::Family};
use crate::model::{Group, Service};
use crate::query::Caller;
use crate::query::packet::{self, Fate, Packet};

/// What is dialled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialled<'a> {
    pub(super) service: Option<&'a Service>,
    /// `None` where only the machine's own servers know it.
    pub(super) address: Option<IpAddr>,
    pub(super) is_virtual: bool,
    pub(super) port: u16,
}

/// Stands for an address that is not known here: one that nobody has (RFC 5737).
const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

impl<'a> Walk<'_, 'a> {
    /// Follows the call; what it has in common goes into `hops`.
    pub(super) fn follow(&mut self, hops: &mut Vec<Hop>) -> Ended {
        let (hop, named) = self.name();
        hops.push(hop);
        let Some(named) = named else {
            return Ended::Here(Outcome::Broken);
        };
        let dialled = match self.dialled(&named) {
            Ok(dialled) => dialled,
            Err(hop) => {
                hops.push(*hop);
                return Ended::Here(Outcome::Broken);
            }
        };
        self.request.authority = self.target.authority(dialled.port);
        let (hop, captured) = self.capture(&dialled);
        hops.push(hop);
        if captured {
            self.listen(&dialled, hops)
        } else {
            self.past(&dialled, hops)
        }
    }

    /// The port: the URL's, that of its scheme, or the first of the service.
    fn dialled(&self, named: &Named<'a>) -> Result<Dialled<'a>, Box<Hop>> {
        let of_service = || {
            named
                .service
                .and_then(|service| service.ports.first())
                .map(|port| port.number)
        };
        let port = self
            .target
            .port
            .or_else(|| self.target.usual_port())
            .or_else(of_service);
        let service = named.service;
        let dialled = |port| Dialled {
            service,
            address: named.address,
            is_virtual: named.is_virtual,
            port,
        };
        let Some(port) = port else {
            let hop = Hop::new(Step::Listener, "nobody says which port is dialled");
            let help = format!("write it: {}:PORT", self.target.host);
            return Err(Box::new(hop.fault(
                &code::PORT_UNDECLARED,
                "the port is missing",
                help,
            )));
        };
        match service {
            Some(service) if !service.ports.iter().any(|own| own.number == port) => {
                Err(Box::new(undeclared(service, port)))
            }
            _ => Ok(dialled(port)),
        }
    }

    /// Whether the caller's proxy gets the connection.
    fn capture(&self, dialled: &Dialled<'_>) -> (Hop, bool) {
        match &self.caller {
            Caller::Vm(group, vm) => {
                let address = dialled.address.unwrap_or(SOMEWHERE);
                let packet = Packet {
                    to: address,
                    port: dialled.port,
                    local: address.is_loopback() || address == vm.address,
                };
                self.captured_on(group, packet)
            }
            Caller::Pod { namespace, .. } if self.told.is_none() => {
                let place = self.asker.mesh.namespaces.get(namespace).map(|found| found.span);
                let says = format!("nothing is captured: namespace {namespace} has no sidecars");
                (Hop::new(Step::Capture, says).at(place), false)
            }
            Caller::Pod { .. } => {
                let hop = Hop::new(Step::Capture, "captured by the sidecar, on port 15001")
                    .note("Istio's rules take every connection of a pod unless an annotation says otherwise")
                    .fact("captured", true)
                    .fact("port", 15001);
                (hop, true)
            }
            Caller::Outside => (
                Hop::new(Step::Capture, "nothing is captured: the caller has no proxy"),
                false,
            ),
        }
    }

    fn captured_on(&self, group: &Group, packet: Packet) -> (Hop, bool) {
        let settings = Settings::of_group(self.asker.mesh, group);
        let program = program::program(&settings);
        let family = Family::of(&packet.to);
        let (says, rule, port) = match packet::sent(&program, packet) {
            Fate::Captured(port, rule) => {
                let says = format!("captured: {} gets it on port {port}", self.caller.engine());
                (says, Some(rule), Some(port))
            }
            Fate::Passes(rule) => ("not captured: it goes straight on".to_owned(), rule, None),
        };
        let mut hop = Hop::new(Step::Capture, says)
            .at(group.span)
            .fact("captured", port.is_some())
            .fact("port", port);
        match rule {
            Some(rule) => {
                let line = capture::line(rule, family);
                hop.facts.insert("rule".to_owned(), line.clone().into());
                hop.add_note(format!("by {line}"), None);
            }
            None => hop.add_note("no rule takes it", None),
        }
        if packet.local {
            hop.add_note("the machine calls itself", None);
        }
        (hop, port.is_some())
    }

    /// The connection goes past the caller's proxy, if it has one: in plaintext, without an identity, to what was
    /// dialled.
    fn past(&mut self, dialled: &Dialled<'a>, hops: &mut Vec<Hop>) -> Ended {
        let with_proxy = self.told.is_some();
        if with_proxy && dialled.is_virtual {
            let address = dialled
                .address
                .map(|address| address.to_string())
                .unwrap_or_default();
            let hop = Hop::new(
                Step::Endpoint,
                format!("{address} is nobody's address: only the proxy knows it"),
            );
            hops.push(hop.fault(
                &code::VIP_UNCAPTURED,
                format!("{address} is not captured, and nothing else answers there"),
                "capture the range of virtual addresses: add it to `outbound=`, or leave `outbound=` out",
            ));
            return Ended::Here(Outcome::Broken);
        }
        if let Some(address) = dialled.address.filter(IpAddr::is_loopback) {
            let says = format!("{address}:{} is on the machine itself", dialled.port);
            hops.push(Hop::new(Step::Endpoint, says));
            return Ended::Here(Outcome::Delivered);
        }
        self.straight(dialled, hops)
    }
}

/// Nobody declares the port that is dialled.
pub(super) fn undeclared(service: &Service, port: u16) -> Hop {
    let known: Vec<_> = service.ports.iter().map(|port| port.number.to_string()).collect();
    let says = format!("{} has no port {port}", service.label());
    let help = format!(
        "call port {}, or declare it: `port {port} http`",
        known.join(" or ")
    );
    Hop::new(Step::Listener, says.clone())
        .at(service.span)
        .fault(&code::PORT_UNDECLARED, says, help)
}
