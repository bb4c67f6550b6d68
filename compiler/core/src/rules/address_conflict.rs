use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::Network;
use crate::spec::decl::VmDecl;

/// Every VM has an address of its own, one that others can dial, inside its network.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<IpAddr, (Span, String)> = BTreeMap::new();
    for cluster in &context.spec.clusters {
        for address in cluster.gateways.iter().flat_map(|gateway| &gateway.addresses) {
            if let Ok(ip) = address.value.parse() {
                first
                    .entry(ip)
                    .or_insert((address.span, "the gateway's address".to_owned()));
            }
        }
    }
    for (_, _, group) in context.spec.groups() {
        let network = group
            .network
            .as_ref()
            .and_then(|name| context.mesh.networks.get(&name.value));
        let network = network.or_else(|| super::only(&context.mesh.networks));
        for vm in &group.vms {
            let diallable = diallable(vm, sink);
            twice(vm, &mut first, sink);
            if let Some(network) = network.filter(|_| diallable) {
                outside(vm, network, context, sink);
            }
        }
    }
}

fn diallable(vm: &VmDecl, sink: &mut Sink) -> bool {
    let address = vm.address.value;
    let own = address.is_loopback() || address.is_unspecified() || address.is_multicast();
    if own {
        let message = format!("{address} is no address that others can dial");
        sink.push(
            Diagnostic::new(&code::ADDRESS_CONFLICT, vm.address.span, message)
                .help("write the machine's address in its network"),
        );
    }
    !own
}

fn twice(vm: &VmDecl, first: &mut BTreeMap<IpAddr, (Span, String)>, sink: &mut Sink) {
    let address = vm.address.value;
    if let Some((span, owner)) = first.get(&address) {
        sink.push(
            Diagnostic::new(
                &code::ADDRESS_CONFLICT,
                vm.address.span,
                format!("{address} is given twice"),
            )
            .here(format!("to `{}`", vm.name.value))
            .label(*span, owner.clone())
            .help("give every machine an address of its own"),
        );
    } else {
        first.insert(
            address,
            (vm.address.span, format!("to `{}` before", vm.name.value)),
        );
    }
}

fn outside(vm: &VmDecl, network: &Network, context: Context<'_>, sink: &mut Sink) {
    let address = vm.address.value;
    if network.cidrs.is_empty() || network.cidrs.iter().any(|range| range.contains(&address)) {
        return;
    }
    let ranges: Vec<_> = network.cidrs.iter().map(ToString::to_string).collect();
    let ranges = ranges.join(", ");
    let declared = context
        .spec
        .networks
        .iter()
        .find(|decl| decl.name.value == network.name);
    let place = declared
        .and_then(|decl| decl.cidrs.as_ref())
        .map_or(network.span, |cidrs| cidrs.span);
    let message = format!("{address} lies outside of network `{}`", network.name);
    let mut found = Diagnostic::new(&code::ADDRESS_CONFLICT, vm.address.span, message)
        .here(format!("not in {ranges}"))
        .label(place, "its addresses");
    let home = context
        .mesh
        .networks
        .values()
        .find(|other| other.cidrs.iter().any(|range| range.contains(&address)));
    found = match home {
        Some(home) => found.help(format!(
            "it lies in network `{}`: write `vms network={}`",
            home.name, home.name
        )),
        None => found.help(format!(
            "write an address of {ranges}, or add its range to `network {}`",
            network.name
        )),
    };
    sink.push(
        found.note("other machines would dial it directly or through a gateway by its network, and miss it"),
    );
}
