use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// VMs reach pods on another network only through a gateway.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for service in &context.mesh.services {
        let Some(cluster) = service
            .pods
            .as_ref()
            .and_then(|pods| context.mesh.clusters.get(&pods.cluster))
        else {
            continue;
        };
        let damaged = context
            .spec
            .clusters
            .iter()
            .any(|decl| decl.damaged && decl.name.value == cluster.name);
        let open = context.mesh.gateways_of(&cluster.network).next().is_some();
        if open || damaged || cluster.network.is_empty() || told.contains(&cluster.network) {
            continue;
        }
        let others = context.spec.groups().find(|(_, _, vms)| {
            vms.network.as_ref().is_some_and(|network| {
                network.value != cluster.network && context.mesh.networks.contains_key(&network.value)
            })
        });
        if let Some((_, _, vms)) = others {
            told.insert(cluster.network.clone());
            let network = vms.network.as_ref().map_or(vms.span, |network| network.span);
            sink.push(
                Diagnostic::new(
                    &code::GATEWAY_MISSING,
                    cluster.span,
                    format!("no gateway leads into network `{}`", cluster.network),
                )
                .here("this cluster has none")
                .label(service.span, "these pods cannot be reached")
                .label(network, "from machines on this network")
                .help("write `gateway address=\"…\"` in the cluster, with the address that the machines can dial")
                .note("without one, VMs get endpoints that they have no way to"),
            );
        }
    }
}
