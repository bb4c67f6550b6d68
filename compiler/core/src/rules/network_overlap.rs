use ipnet::IpNet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::NetworkDecl;

/// An address says which machine is meant only within its network. Machines without a gateway are dialled by their
/// addresses from other networks too: there, those must not mean others.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let networks = &context.spec.networks;
    for (at, one) in networks.iter().enumerate() {
        for other in networks.iter().skip(at + 1) {
            let direct = [one, other].into_iter().find(|network| dialled(network, context));
            let both = [one, other]
                .iter()
                .all(|network| stands_on(&network.name.value, context));
            if let (Some(direct), Some(range), true) = (direct, overlap(one, other), both) {
                sink.push(found(one, other, direct, range));
            }
        }
    }
}

/// Whether a cluster or a group of machines is on the network.
fn stands_on(name: &str, context: Context<'_>) -> bool {
    let mesh = context.mesh;
    mesh.clusters.values().any(|cluster| cluster.network == name)
        || mesh.groups.iter().any(|group| group.network == name)
}

/// Machines stand there, and no gateway leads to it.
fn dialled(network: &NetworkDecl, context: Context<'_>) -> bool {
    let name = &network.name.value;
    let mut clusters = context.mesh.clusters.values();
    let gateway = clusters.any(|cluster| cluster.network == *name && !cluster.gateways.is_empty());
    !gateway && context.mesh.groups.iter().any(|group| group.network == *name)
}

/// The smaller of two ranges that share addresses.
fn overlap(one: &NetworkDecl, other: &NetworkDecl) -> Option<IpNet> {
    let ranges = |network: &NetworkDecl| -> Vec<IpNet> {
        let written: Option<&Spanned<Vec<IpNet>>> = network.cidrs.as_ref();
        written.map_or_else(Vec::new, |ranges| ranges.value.clone())
    };
    let others = ranges(other);
    ranges(one).into_iter().find_map(|range| {
        others.iter().copied().find_map(|against| {
            if range.contains(&against) {
                return Some(against);
            }
            against.contains(&range).then_some(range)
        })
    })
}

fn found(one: &NetworkDecl, other: &NetworkDecl, direct: &NetworkDecl, range: IpNet) -> Diagnostic {
    let span = |network: &NetworkDecl| network.cidrs.as_ref().map_or(network.span, |ranges| ranges.span);
    let message = format!("{range} is in `{}` and in `{}`", one.name.value, other.name.value);
    Diagnostic::new(&code::NETWORK_OVERLAP, span(other), message)
        .here("these addresses")
        .label(span(one), "are those of machines here, too")
        .help(format!(
            "write the ranges as narrow as they are, or a `gateway` in a cluster on `{}`",
            direct.name.value
        ))
        .note(format!(
            "no gateway leads to `{}`: its machines are dialled by their addresses from everywhere",
            direct.name.value
        ))
}
