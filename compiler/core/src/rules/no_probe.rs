use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Machines that others could stand in for are asked whether they are well.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service, vms) in context.spec.groups() {
        if vms.health.is_none() && !vms.damaged && vms.vms.len() > 1 {
            let port = service.and_then(|service| service.ports.first());
            let port = port.map_or(8080, |port| port.target().value);
            let message = format!(
                "nobody asks whether the {} machines of this group are well",
                vms.vms.len()
            );
            sink.push(
                Diagnostic::new(&code::NO_PROBE, vms.span, message)
                    .here("no `health`")
                    .help(format!(
                        "write `health tcp={port} every=\"5s\"`, or `http=` with a path"
                    ))
                    .note("without a probe a dead machine keeps its share of the requests"),
            );
        }
    }
}
