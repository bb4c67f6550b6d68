use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::machine::Content;
use crate::host_files::part::Part;
use crate::manifest::rules::stat_not_emitted::is_off;

/// What metrics of Envoy that a proxy keeps only if it is told to are called by `/stats` of its admin port.
const OFF_STATS: &[&str] = &[
    "ssl",
    "upstream_rq_",
    "upstream_cx_",
    "outlier_detection",
    "circuit_breakers",
    "cx_pool",
];

/// What is asked for is kept.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        if matcher(machine) {
            continue;
        }
        for file in &machine.files {
            match &file.content {
                Content::Queries => queries(file.part, sink),
                Content::Script(script) => {
                    for pair in script.commands.windows(2) {
                        let [asks, filters] = pair else { continue };
                        let stats = asks.runs("curl")
                            && asks.words.iter().any(|word| word.text.ends_with(":15000/stats"));
                        let greps = filters.piped && (filters.runs("grep") || filters.runs("egrep"));
                        if stats && greps {
                            grep(filters, sink);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// The mesh says which statistics are kept.
fn matcher(machine: &Machine<'_>) -> bool {
    machine
        .meshes()
        .any(|(_, mesh)| mesh.at(&["defaultConfig", "proxyStatsMatcher"]).is_some())
}

fn queries(part: Part<'_>, sink: &mut Sink) {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    for word in part
        .lines()
        .filter(|line| !line.text.trim_start().starts_with('#'))
        .flat_map(|line| line.split(ends))
    {
        if is_off(word.text) {
            let name = word.spanned();
            sink.push(missing(name.span, &name.value));
        }
    }
}

fn grep(command: &crate::host_files::shell::Command, sink: &mut Sink) {
    let pattern = command
        .plain()
        .iter()
        .skip(1)
        .find(|word| !word.text.starts_with('-'));
    let Some(pattern) = pattern else { return };
    if let Some(stat) = OFF_STATS.iter().find(|stat| pattern.text.contains(*stat)) {
        sink.push(missing(pattern.span, stat));
    }
}

fn missing(span: crate::diag::Span, name: &str) -> Diagnostic {
    Diagnostic::new(&code::STAT_MISSING, span, format!("proxies do not keep `{name}`"))
        .here("this finds nothing")
        .help("ask for it: `proxyStatsMatcher.inclusionRegexps` in mesh.yaml or the annotation proxy.istio.io/config; or use the metrics `istio_…`")
}
