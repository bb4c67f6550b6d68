use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;

/// Where clouds tell a machine about itself.
const METADATA: &str = "169.254.169.254";

/// Machines prove themselves with their own token, and do not hold the keys of the cluster.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for (_, script) in machine.scripts() {
            // A script that asks the cloud about its machine runs on that machine.
            let asks = script.commands.iter().find(|command| {
                let program = command.runs("curl") || command.runs("wget");
                program && command.words.iter().any(|word| word.text.contains(METADATA))
            });
            let Some(asks) = asks else { continue };
            let writes = script.commands.iter().find(|command| {
                ["apply", "create", "patch", "replace"]
                    .iter()
                    .any(|verb| command.begins(&["kubectl", verb]))
            });
            if let (Some(span), Some(here)) = (writes.and_then(|command| command.span()), asks.span()) {
                sink.push(
                    Diagnostic::new(
                        &code::CLUSTER_CREDENTIALS,
                        span,
                        "the machine registers itself with the keys of the cluster",
                    )
                    .here("whoever takes over the machine can write such objects too")
                    .label(here, "this runs on the machine")
                    .help("let the agent register it: `istioctl x workload entry configure --autoregister`"),
                );
            }
            metadata_without_token(script, sink);
        }
        files(machine, sink);
    }
}

/// The first version of a cloud's metadata service answers anybody who gets a request through.
fn metadata_without_token(script: &crate::host_files::shell::Script, sink: &mut Sink) {
    let has_token = script.commands.iter().any(|command| {
        command
            .words
            .iter()
            .any(|word| word.text.to_lowercase().contains("metadata-token"))
    });
    let asks = script.commands.iter().find_map(|command| {
        let program = command.runs("curl") || command.runs("wget");
        let url = command
            .words
            .iter()
            .find(|word| word.text.contains("169.254.169.254/latest/"));
        url.filter(|_| program)
    });
    if let Some(url) = asks.filter(|_| !has_token) {
        sink.push(
            Diagnostic::new(
                &code::CLUSTER_CREDENTIALS,
                url.span,
                "the metadata service is asked without a token",
            )
            .here("machines that ask for tokens answer 401")
            .help("fetch one first: `curl -X PUT …/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'`")
            .warning(),
        );
    }
}

/// Files with such keys.
fn files(machine: &Machine<'_>, sink: &mut Sink) {
    for command in machine.commands() {
        let copies = command.runs("cp") || command.runs("mv") || command.runs("install");
        let last = command.words.last().filter(|_| copies);
        let keys = ["/.kube/config", "/etc/kubernetes/admin.conf"];
        if let Some(last) = last.filter(|last| keys.iter().any(|end| last.text.ends_with(end)))
            && machine.value("ISTIO_META_WORKLOAD_NAME").is_some()
        {
            sink.push(
                Diagnostic::new(
                    &code::CLUSTER_CREDENTIALS,
                    last.span,
                    "the machine gets the keys of the cluster",
                )
                .here("the agent needs only its own token")
                .help("leave it out"),
            );
        }
    }
}
