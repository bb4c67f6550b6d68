use std::net::IpAddr;

use super::{Context, capture, items};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;

/// A machine with both families has both captured: `istio-iptables` looks at the first address alone unless it is told.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        by_variables(machine, sink);
        by_rules(machine, sink);
    }
}

fn by_variables(machine: &Machine<'_>, sink: &mut Sink) {
    if machine.is_on("DUAL_STACK") || machine.is_on("ISTIO_DUAL_STACK") {
        return;
    }
    let lists = ["ISTIO_SVC_IP", "INSTANCE_IPS", "ISTIO_META_INSTANCE_IPS"];
    for list in lists.iter().filter_map(|name| machine.env(name)) {
        let addresses: Vec<IpAddr> = items(list)
            .iter()
            .filter_map(|item| item.value.parse().ok())
            .collect();
        if addresses.iter().any(IpAddr::is_ipv4) && addresses.iter().any(IpAddr::is_ipv6) {
            sink.push(
                Diagnostic::new(
                    &code::IPV6_BYPASS,
                    list.span,
                    "only one family of addresses is captured",
                )
                .here("the machine has both")
                .help("write `ISTIO_DUAL_STACK='true'` as well"),
            );
        }
    }
}

/// Rules of ip6tables that say nothing, beside rules of iptables that capture.
fn by_rules(machine: &Machine<'_>, sink: &mut Sink) {
    let capturing = |v6: bool| {
        machine.rulesets().find_map(|(_, rules)| {
            let ports: Vec<u16> = [capture::INBOUND, capture::OUTBOUND].concat();
            let place = rules
                .redirects("nat", &ports)
                .or_else(|| rules.redirects("mangle", &ports));
            place.filter(|_| rules.v6 == v6)
        })
    };
    let (Some(v4), None) = (capturing(false), capturing(true)) else {
        return;
    };
    let idle = machine
        .rulesets()
        .find(|(file, rules)| rules.v6 || is_v6(&file.place.name));
    if let Some((file, _)) = idle {
        sink.push(
            Diagnostic::new(
                &code::IPV6_BYPASS,
                file.head(),
                "IPv6 is not captured and goes round the mesh",
            )
            .here("nothing is redirected here")
            .label(v4, "IPv4 is")
            .help("write `ISTIO_DUAL_STACK='true'` into cluster.env, or redirect IPv6 in the same way")
            .note("a machine without addresses of IPv6 needs nothing")
            .warning(),
        );
    }
}

/// Names of files for ip6tables.
pub(super) fn is_v6(name: &str) -> bool {
    name.contains("v6") || name.contains("ip6")
}
