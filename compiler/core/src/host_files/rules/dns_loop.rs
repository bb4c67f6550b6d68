use std::net::IpAddr;

use super::Context;
use super::capture::{self, DNS};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::host_files::Machine;
use crate::host_files::iptables::{Fate, Packet, Protocol, Way};
use crate::host_files::machine::Content;

/// Where all queries are captured, a forwarder on the machine asks the agent, which asks the forwarder.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Some(forwarder) = forwarder(machine) else {
            continue;
        };
        let spared = [
            "ISTIO_OUTBOUND_OWNER_GROUPS",
            "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE",
        ]
        .iter()
        .filter_map(|name| machine.value(name))
        .any(|groups| groups.value != "*");
        if let Some(all) = machine
            .env("CAPTURE_ALL_DNS")
            .filter(|_| machine.is_on("CAPTURE_ALL_DNS") && !spared)
        {
            tell(all.span, &forwarder, sink);
        }
        for (_, rules) in machine.rulesets() {
            let (users, groups) = rules.owners("nat");
            let query = Packet {
                protocol: Protocol::Udp,
                ..capture::packet(
                    rules,
                    capture::SOMEWHERE,
                    53,
                    Way::Out {
                        user: None,
                        group: None,
                    },
                )
            };
            // Whoever is named beside the proxy may be the forwarder.
            let alone = users.len() <= 1 && groups.len() <= 1;
            if let (Fate::Redirected(DNS, span), true) = (rules.fate("nat", "OUTPUT", &query), alone) {
                tell(span, &forwarder, sink);
            }
        }
    }
}

fn tell(span: Span, forwarder: &Spanned<IpAddr>, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(
            &code::DNS_LOOP,
            span,
            format!("queries go in circles between the agent and the forwarder at {}", forwarder.value),
        )
        .here("this captures the forwarder's own queries, too")
        .label(forwarder.span, "the agent asks this server, which asks others")
        .help("capture only what is for the servers of resolv.conf (leave CAPTURE_ALL_DNS out), or take the forwarder's group out with ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"),
    );
}

/// A server of resolv.conf on the machine itself.
fn forwarder(machine: &Machine<'_>) -> Option<Spanned<IpAddr>> {
    machine.files.iter().find_map(|file| match &file.content {
        Content::Resolv(resolv) => resolv
            .servers
            .iter()
            .find(|server| server.value.is_loopback())
            .cloned(),
        _ => None,
    })
}
