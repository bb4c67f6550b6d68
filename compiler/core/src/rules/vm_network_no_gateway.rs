use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Pods dial machines on a network of their own at their addresses: it should be said which those are, since they have
/// to be routed.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mesh = context.mesh;
    for network in context
        .spec
        .networks
        .iter()
        .filter(|network| network.cidrs.is_none())
    {
        let name = &network.name.value;
        let with_cluster = mesh.clusters.values().any(|cluster| cluster.network == *name);
        let group = context.spec.groups().find(|(_, _, group)| {
            let on = group.network.as_ref();
            !group.damaged && on.is_some_and(|on| on.value == *name)
        });
        let pods = mesh
            .services
            .iter()
            .any(|service| service.pods.iter().any(|pods| pods.network != *name));
        let Some((_, _, group)) = group.filter(|_| pods && !with_cluster) else {
            continue;
        };
        let Some(on) = &group.network else { continue };
        let message = format!("no gateway leads into `{name}`: pods dial its machines directly");
        sink.push(
            Diagnostic::new(&code::NETWORK_DIRECT, network.span, message)
                .here("nothing says which addresses have to be routed")
                .label(on.span, "machines stand here")
                .help("write `cidr=\"…\"`: the addresses of its machines, which the clusters' networks must route"),
        );
    }
}
