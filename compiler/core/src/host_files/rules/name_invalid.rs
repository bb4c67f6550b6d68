use serde_json::Value;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::Machine;

/// Labels that the agent reports are such as Kubernetes takes.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        labels(machine, sink);
    }
}

fn labels(machine: &Machine<'_>, sink: &mut Sink) {
    let Some(said) = machine.value("ISTIO_METAJSON_LABELS") else {
        return;
    };
    let Ok(Value::Object(labels)) = serde_json::from_str(&said.value) else {
        return;
    };
    for (key, value) in &labels {
        let Some(text) = value.as_str() else {
            tell(
                said,
                &format!("the label `{key}` is no text"),
                "write it in quotes",
                sink,
            );
            continue;
        };
        if !is_label(text) {
            let help = if key == "istio-locality" && text.contains('/') {
                format!(
                    "write `{}`: in this label a dot stands for the slash",
                    text.replace('/', ".")
                )
            } else {
                "labels have at most 63 letters, digits, `-`, `_` and `.`, and begin and end with a letter or a digit"
                    .to_owned()
            };
            tell(
                said,
                &format!("the label `{key}` cannot be `{text}`"),
                &help,
                sink,
            );
        }
    }
}

fn tell(said: &Spanned<String>, message: &str, help: &str, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(&code::NAME_INVALID, said.span, message)
            .here("Kubernetes refuses the machine's WorkloadEntry")
            .help(help),
    );
}

/// A value of a label, as Kubernetes takes it.
fn is_label(text: &str) -> bool {
    let end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && end(text.chars().next())
        && end(text.chars().next_back())
}
