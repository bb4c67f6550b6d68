use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::host_files::shell::Command;

/// Programs of Istio's sidecar package.
const PACKAGED: &[&str] = &["pilot-agent", "envoy", "istio-start.sh"];

/// The agent and Envoy come from istio-sidecar.deb or .rpm: the archive of a release holds istioctl alone, and no program
/// is called istio-proxy.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let fetches = machine.commands().any(|command| {
            let archive = |text: &str| {
                text.contains("istio.io/downloadIstio") || text.contains("istio/releases/download")
            };
            command.words.iter().any(|word| archive(&word.text))
        });
        for command in machine.commands() {
            copies(command, fetches, sink);
            if let Some(first) = command
                .plain()
                .first()
                .filter(|first| first.name() == "istio-proxy")
            {
                tell_none(first.span, sink);
            }
        }
        for (_, unit) in machine.units() {
            let words = unit.words("ExecStart");
            let none = words
                .first()
                .filter(|word| word.value.rsplit('/').next() == Some("istio-proxy"));
            none.iter().for_each(|word| tell_none(word.span, sink));
        }
    }
}

fn copies(command: &Command, fetches: bool, sink: &mut Sink) {
    if !["cp", "mv", "install", "ln"]
        .iter()
        .any(|program| command.runs(program))
    {
        return;
    }
    let words = command.plain();
    let sources = words.get(1..words.len().saturating_sub(1)).unwrap_or_default();
    for source in sources.iter().filter(|word| !word.text.starts_with('-')) {
        let name = source.name();
        let in_archive = source.text.starts_with("bin/")
            || (source.text.contains("istio-") && source.text.contains("/bin/"));
        if name == "istio-proxy" {
            tell_none(source.span, sink);
        } else if in_archive && (fetches || source.text.contains("istio-")) && PACKAGED.contains(&name) {
            sink.push(
                Diagnostic::new(
                    &code::ARTIFACT_MISSING,
                    source.span,
                    format!("the archive of a release holds no {name}"),
                )
                .here("only istioctl is in bin/")
                .help("install istio-sidecar.deb or istio-sidecar.rpm of the same release"),
            );
        }
    }
}

fn tell_none(span: Span, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(&code::ARTIFACT_MISSING, span, "there is no program `istio-proxy`")
            .here("istio-proxy is a user, and the name of a container")
            .help("install istio-sidecar.deb or istio-sidecar.rpm: it holds pilot-agent, envoy and istio-start.sh"),
    );
}
