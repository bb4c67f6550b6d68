use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::machine::Content;

/// `nss-resolve` asks systemd-resolved over a socket: no packet to port 53 is there to be captured.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let captures = machine.is_on("ISTIO_META_DNS_CAPTURE") && !machine.is_on("CAPTURE_ALL_DNS");
        if !captures || asks_agent(machine) {
            continue;
        }
        let Some(capture) = machine.env("ISTIO_META_DNS_CAPTURE") else {
            continue;
        };
        for file in &machine.files {
            let Content::Switch(switch) = &file.content else {
                continue;
            };
            let mut before_dns = switch.hosts.iter().take_while(|word| word.value != "dns");
            let Some(word) = before_dns.find(|word| word.value == "resolve") else {
                continue;
            };
            sink.push(
                Diagnostic::new(
                    &code::RESOLVE_BYPASS,
                    word.span,
                    "names are asked from systemd-resolved, and never from the agent",
                )
                .here("sends no packet to port 53")
                .label(capture.span, "only packets are captured")
                .help("take `resolve` out, or let systemd-resolved ask the agent for the mesh's names: a drop-in with `DNS=127.0.0.1:15053` and `Domains=~svc.cluster.local`"),
            );
        }
    }
}

/// A drop-in of systemd-resolved names the agent.
fn asks_agent(machine: &Machine<'_>) -> bool {
    machine.files.iter().any(|file| match &file.content {
        Content::Resolved(unit) => unit.words("DNS").iter().any(|word| word.value.contains(":15053")),
        _ => false,
    })
}
