use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// Where networks have gateways, a group says in which network its machines are: they are taken for some of the
/// cluster's else, and dial nobody but gateways.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut services = index.kind("", "Service");
    let gateway = services.find_map(|service| {
        service
            .text(&["metadata", "labels", "topology.istio.io/network"])
            .map(|network| (service, network))
    });
    let Some((gateway, network)) = gateway else { return };
    for group in index.kind(NETWORKING, "WorkloadGroup") {
        let own = group.text(&["spec", "template", "network"]);
        // A network of one's own may stand in the labels as well.
        let label = |path: &[&str]| {
            group
                .labels_at(path)
                .iter()
                .any(|(key, _)| key == "topology.istio.io/network")
        };
        if own.is_some_and(|own| !own.value.is_empty())
            || label(&["spec", "metadata", "labels"])
            || label(&["spec", "template", "labels"])
        {
            continue;
        }
        let message = format!(
            "the machines of `{}` are in no network, while networks have gateways",
            group.name.value
        );
        sink.push(
            Diagnostic::new(&code::NETWORK_EMPTY, group.name.span, message)
                .here("all their traffic goes through a gateway, and pods take them for some of their own")
                .label(
                    network.span,
                    format!(
                        "`{}` is a gateway of network `{}`",
                        gateway.name.value, network.value
                    ),
                )
                .help("write `spec.template.network`: the name of the machines' network"),
        );
    }
}
