use super::{Context, group, san_mismatch_ip};
use crate::diag::{Diagnostic, Sink, code};

/// Where no gateway leads into a machine's network, pods dial the machine at its address. A machine that finds istiod
/// only at the address of a gateway shows that the networks are apart.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let found = san_mismatch_ip::addresses(machine);
        let Some(dialled) = found
            .iter()
            .find(|address| san_mismatch_ip::is_gateway(&address.value))
        else {
            continue;
        };
        let of_group = group::of(machine, context.objects).and_then(|group| {
            group
                .text(&["spec", "template", "network"])
                .filter(|network| !network.value.is_empty())
        });
        let Some(network) = of_group.or_else(|| machine.value("ISTIO_META_NETWORK").cloned()) else {
            continue;
        };
        let mut gateways = group::gateways(context.objects);
        if gateways.any(|(_, own)| own.value == network.value) {
            continue;
        }
        let message = format!(
            "no gateway leads into network `{}`: pods dial its machines directly",
            network.value
        );
        sink.push(
            Diagnostic::new(&code::NETWORK_DIRECT, network.span, message)
                .here("their addresses must be routed from the pods, and the application's ports open")
                .label(dialled.span, "the machine itself reaches the cluster only through a gateway")
                .help("route the machines' addresses from the cluster, or leave `network` as the cluster's where it is one with it"),
        );
    }
}
