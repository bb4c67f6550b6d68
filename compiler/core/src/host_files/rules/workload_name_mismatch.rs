use super::{Context, group};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::machine::Content;
use crate::host_files::part::Part;

/// Metrics carry ISTIO_META_WORKLOAD_NAME, which is the WorkloadGroup's name for all its machines.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut names: Vec<&Spanned<String>> = Vec::new();
    for machine in context.machines {
        let Some(own) = machine.value("ISTIO_META_WORKLOAD_NAME") else {
            continue;
        };
        names.push(own);
        let object = group::of(machine, context.objects).map(|group| &group.name);
        let registers = machine.value("ISTIO_META_AUTO_REGISTER_GROUP");
        if let Some(other) = object.or(registers).filter(|other| other.value != own.value) {
            sink.push(
                Diagnostic::new(
                    &code::WORKLOAD_NAME,
                    own.span,
                    format!(
                        "the workload is called `{}`, and its group `{}`",
                        own.value, other.value
                    ),
                )
                .here("metrics and dashboards show this name")
                .label(other.span, "the group is named here")
                .help(format!("write `ISTIO_META_WORKLOAD_NAME='{}'`", other.value)),
            );
        }
    }
    for file in context.machines.iter().flat_map(|machine| &machine.files) {
        if matches!(file.content, Content::Queries) {
            queries(file.part, &names, sink);
        }
    }
}

/// Labels of Istio's metrics that hold the name.
const LABELS: &[&str] = &["destination_workload=\"", "source_workload=\""];

/// Queries for a name that no machine has, though one has it with a number.
fn queries(part: Part<'_>, names: &[&Spanned<String>], sink: &mut Sink) {
    for line in part.lines() {
        for label in LABELS {
            for (at, _) in line.text.match_indices(label) {
                let start = at + label.len();
                let length = line.text[start..].find('"').unwrap_or(0);
                let asked = line.slice(start..start + length).spanned();
                let is = |name: &&&Spanned<String>| name.value == asked.value;
                let numbered = |name: &&&Spanned<String>| {
                    let rest = name.value.strip_prefix(&asked.value);
                    let rest = rest.and_then(|rest| rest.strip_prefix('-'));
                    !asked.value.is_empty() && rest.is_some_and(|rest| rest.parse::<u32>().is_ok())
                };
                let Some(name) = names
                    .iter()
                    .find(numbered)
                    .filter(|_| !names.iter().any(|name| is(&name)))
                else {
                    continue;
                };
                sink.push(
                    Diagnostic::new(
                        &code::WORKLOAD_NAME,
                        asked.span,
                        format!("no workload is called `{}`", asked.value),
                    )
                    .here("this query finds nothing")
                    .label(name.span, "the machine is called this")
                    .help("give the machine the name of its WorkloadGroup"),
                );
            }
        }
    }
}
