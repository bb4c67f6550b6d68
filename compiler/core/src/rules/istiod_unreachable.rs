use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Engine;

/// Machines with Istio's agent find istiod: the hosts file that they are given leads to a gateway.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mesh = context.mesh;
    for group in mesh.groups.iter().filter(|group| group.engine == Engine::Envoy) {
        let Some(cluster) = mesh.clusters.get(&group.cluster) else {
            continue;
        };
        let damaged = context.spec.clusters.iter().any(|decl| decl.damaged);
        if damaged || mesh.way_to_istiod(group).is_some() {
            continue;
        }
        let message = format!(
            "nothing tells these machines where the istiod of `{}` is",
            cluster.name
        );
        let named = cluster
            .gateways
            .iter()
            .any(|gateway| !gateway.addresses.is_empty());
        let place = if named {
            "its gateways have names only, and a hosts file holds addresses"
        } else {
            "it has no gateway"
        };
        sink.push(
            Diagnostic::new(&code::ISTIOD_UNREACHABLE, group.span, message)
                .label(cluster.span, place)
                .help(
                    "write `gateway address=\"…\"` with an IP address in the cluster, or let the machines' own DNS know \
                     istiod's name",
                ),
        );
    }
}
