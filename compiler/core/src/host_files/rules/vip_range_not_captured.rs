use std::net::IpAddr;

use ipnet::IpNet;

use super::capture::{self, DNS, VIRTUAL};
use super::{Context, items};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::iptables::{Fate, Packet, Protocol, Ruleset, Way};
use crate::host_files::machine::is_true;

/// What names of the mesh resolve to is captured: nothing answers at virtual addresses.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        by_variables(machine, sink);
        for (_, rules) in machine.rulesets() {
            by_rules(rules, sink);
        }
    }
}

fn by_variables(machine: &Machine<'_>, sink: &mut Sink) {
    let dns = machine.said("ISTIO_META_DNS_CAPTURE");
    let Some(dns) = dns.filter(|said| is_true(&said.variable.value.value)) else {
        return;
    };
    let Some(said) = machine.env("ISTIO_SERVICE_CIDR") else {
        return;
    };
    let ranges: Vec<IpNet> = items(said)
        .iter()
        .filter_map(|item| item.value.parse().ok())
        .collect();
    let Ok(address) = VIRTUAL[0].parse::<IpAddr>() else {
        return;
    };
    if said.value.trim() == "*"
        || said.value.is_empty()
        || ranges.iter().any(|range| range.contains(&address))
    {
        return;
    }
    sink.push(
        Diagnostic::new(
            &code::VIP_UNCAPTURED,
            said.span,
            "virtual addresses are not captured: 240.240.0.0/16 is in none of these ranges",
        )
        .here("only these destinations are captured")
        .label(dns.variable.span, "names of ServiceEntries resolve to virtual addresses")
        .help(format!(
            "write `ISTIO_SERVICE_CIDR='*'`, or `'{},240.240.0.0/16'` and the ranges of headless services' pods",
            said.value
        )),
    );
}

fn by_rules(rules: &Ruleset, sink: &mut Sink) {
    // Clients take virtual addresses of IPv4 where there are both.
    if rules.v6 {
        return;
    }
    let way = || Way::Out {
        user: None,
        group: None,
    };
    let query = Packet {
        protocol: Protocol::Udp,
        ..capture::packet(rules, capture::SOMEWHERE, 53, way())
    };
    let Fate::Redirected(DNS, span) = rules.fate("nat", "OUTPUT", &query) else {
        return;
    };
    let outbound = rules.redirects("nat", capture::OUTBOUND);
    let fate = rules.fate("nat", "OUTPUT", &capture::packet(rules, VIRTUAL, 80, way()));
    if let (Some(place), Fate::Passes) = (outbound, fate) {
        sink.push(
            Diagnostic::new(
                &code::VIP_UNCAPTURED,
                place,
                format!(
                    "connections to virtual addresses such as {} are not redirected",
                    VIRTUAL[0]
                ),
            )
            .here("what is redirected comes here")
            .label(span, "names resolve to virtual addresses")
            .help("redirect 240.240.0.0/16 as well, or all that no earlier rule takes out"),
        );
    }
}
