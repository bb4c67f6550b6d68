use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::machine::{By, is_true};

/// `proxyMetadata` tells istiod alone: the agent's server for names and iptables are switched on by the environment.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let said = machine
            .said("ISTIO_META_DNS_CAPTURE")
            .filter(|said| said.by == By::Metadata && is_true(&said.variable.value.value));
        let env = machine
            .env_files()
            .find(|(file, _)| !file.place.name.starts_with("sidecar"));
        if let (Some(said), Some((file, _))) = (said, env) {
            sink.push(
                Diagnostic::new(
                    &code::DNS_HALF,
                    said.variable.span,
                    "istiod takes names for captured, and nobody captures them",
                )
                .here("only istiod is told")
                .label(
                    file.head(),
                    "the agent and iptables read this, where it is missing",
                )
                .help("write `ISTIO_META_DNS_CAPTURE='true'` into cluster.env"),
            );
        }
    }
}
