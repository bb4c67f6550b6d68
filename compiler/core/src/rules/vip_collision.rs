use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};

/// Addresses lead to one host each.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<IpAddr, (Span, String)> = BTreeMap::new();
    for (_, _, vms) in context.spec.groups() {
        for vm in &vms.vms {
            let owner = format!("the machine `{}`", vm.name.value);
            first.entry(vm.address.value).or_insert((vm.address.span, owner));
        }
    }
    for cluster in &context.spec.clusters {
        for address in cluster
            .gateways
            .iter()
            .filter_map(|gateway| gateway.cluster_ip.as_ref())
        {
            look(
                address,
                &format!("a gateway of `{}`", cluster.name.value),
                &mut first,
                sink,
            );
        }
    }
    for (_, service) in context.spec.services() {
        for address in service.cluster_ip.iter().chain(&service.addresses) {
            look(address, &format!("`{}`", service.name.value), &mut first, sink);
        }
    }
    for (_, external) in context.spec.externals() {
        for address in &external.addresses {
            look(address, &format!("`{}`", external.name.value), &mut first, sink);
        }
    }
}

fn look(
    address: &Spanned<IpAddr>,
    owner: &str,
    first: &mut BTreeMap<IpAddr, (Span, String)>,
    sink: &mut Sink,
) {
    match first.get(&address.value) {
        Some((before, other)) => sink.push(
            Diagnostic::new(
                &code::VIP_COLLISION,
                address.span,
                format!("{} leads to two hosts", address.value),
            )
            .here(format!("to {owner}"))
            .label(*before, format!("to {other}"))
            .help("give each host an address of its own")
            .note("a proxy knows from the address alone which service was dialled"),
        ),
        None => {
            first.insert(address.value, (address.span, owner.to_owned()));
        }
    }
}
