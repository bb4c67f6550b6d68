use super::{Context, group};
use crate::diag::{Diagnostic, Sink, code};

/// Where networks have gateways, a machine says in which network it is.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some((gateway, network)) = group::gateways(context.objects).next() else {
        return;
    };
    for machine in context.machines {
        let Some(said) = machine
            .env("ISTIO_META_NETWORK")
            .filter(|said| said.value.is_empty())
        else {
            continue;
        };
        sink.push(
            Diagnostic::new(
                &code::NETWORK_EMPTY,
                said.span,
                "the machine is in no network, while networks have gateways",
            )
            .here("all its traffic to other networks goes through a gateway, and pods take it for one of theirs")
            .label(
                network.span,
                format!("`{}` is a gateway of network `{}`", gateway.name.value, network.value),
            )
            .help("write the network of its WorkloadGroup: `spec.template.network`"),
        );
    }
}
