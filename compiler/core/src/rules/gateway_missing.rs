use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Cluster, Service};

/// VMs and pods reach pods on another network only through a gateway.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for service in &context.mesh.services {
        for cluster in service
            .pods
            .iter()
            .filter_map(|pods| context.mesh.clusters.get(&pods.cluster))
        {
            let network = cluster.network.as_str();
            if is_open(context, cluster) || told.contains(network) {
                continue;
            }
            if let Some((place, who)) =
                machines_elsewhere(context, network).or_else(|| pods_elsewhere(context, network))
            {
                told.insert(network);
                sink.push(missing(cluster, service, place, who));
            }
        }
    }
}

fn is_open(context: Context<'_>, cluster: &Cluster) -> bool {
    let damaged = context
        .spec
        .clusters
        .iter()
        .any(|decl| decl.damaged && decl.name.value == cluster.name);
    damaged || cluster.network.is_empty() || context.mesh.gateways_of(&cluster.network).next().is_some()
}

fn machines_elsewhere(context: Context<'_>, network: &str) -> Option<(Span, &'static str)> {
    let other = |name: &str| name != network && context.mesh.networks.contains_key(name);
    context.spec.groups().find_map(|(_, _, vms)| {
        let named = vms.network.as_ref().filter(|named| other(&named.value))?;
        Some((named.span, "from machines on this network"))
    })
}

fn pods_elsewhere(context: Context<'_>, network: &str) -> Option<(Span, &'static str)> {
    let services = context.mesh.services.iter();
    let other = |service: &&Service| {
        service
            .pods
            .iter()
            .any(|pods| pods.network != network && !pods.network.is_empty())
    };
    services
        .filter(other)
        .map(|service| (service.span, "from these, on another network"))
        .next()
}

fn missing(cluster: &Cluster, service: &Service, place: Span, who: &str) -> Diagnostic {
    let message = format!("no gateway leads into network `{}`", cluster.network);
    let mut found = Diagnostic::new(&code::GATEWAY_MISSING, cluster.span, message)
        .here("this cluster has none")
        .label(service.span, "these pods cannot be reached");
    // Pods of one service on both networks are said once.
    if place != service.span {
        found = found.label(place, who);
    }
    found
        .help("write `gateway address=\"…\"` in the cluster, with the address that other networks can dial")
        .note("without one, they get endpoints that they have no way to")
}
