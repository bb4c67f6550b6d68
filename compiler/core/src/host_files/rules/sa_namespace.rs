use super::{Context, group};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;

/// istiod compares the account and the namespace of a machine with those of its group, and with its token's.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        namespaces(machine, sink);
        let Some(group) = group::of(machine, context.objects) else {
            continue;
        };
        let own = machine.value("SERVICE_ACCOUNT");
        let of_group = group.text(&["spec", "template", "serviceAccount"]);
        if let (Some(own), Some(theirs)) = (own, of_group)
            && own.value != theirs.value
        {
            sink.push(
                Diagnostic::new(
                    &code::ACCOUNT_MISMATCH,
                    own.span,
                    format!(
                        "the machine's account is `{}`, its group's `{}`",
                        own.value, theirs.value
                    ),
                )
                .here("istiod refuses to register it")
                .label(theirs.span, "the group says this one")
                .help(format!(
                    "write `SERVICE_ACCOUNT='{}'`, and make the token for it",
                    theirs.value
                )),
            );
        }
    }
}

/// istio-start.sh hands ISTIO_NAMESPACE on as the agent's POD_NAMESPACE.
fn namespaces(machine: &Machine<'_>, sink: &mut Sink) {
    let (Some(istio), Some(pod)) = (machine.value("ISTIO_NAMESPACE"), machine.value("POD_NAMESPACE")) else {
        return;
    };
    if istio.value != pod.value {
        sink.push(
            Diagnostic::new(
                &code::ACCOUNT_MISMATCH,
                istio.span,
                format!(
                    "the machine is in namespace `{}` and in `{}`",
                    istio.value, pod.value
                ),
            )
            .here("istio-start.sh takes this one")
            .label(pod.span, "this is another")
            .help("write the namespace of its WorkloadGroup in both"),
        );
    }
}
