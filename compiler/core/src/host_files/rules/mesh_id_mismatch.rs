use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// A machine's mesh is the cluster's.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let installed = installed(context);
    for machine in context.machines {
        let Some(own) = machine.value("ISTIO_META_MESH_ID") else {
            continue;
        };
        let configured = machine
            .meshes()
            .find_map(|(_, mesh)| mesh.at(&["defaultConfig", "meshId"])?.text());
        let others = configured.iter().chain(&installed);
        let Some(other) = others.into_iter().find(|other| other.value != own.value) else {
            continue;
        };
        sink.push(
            Diagnostic::new(
                &code::MESH_ID,
                own.span,
                format!(
                    "the machine is of mesh `{}`, the cluster of mesh `{}`",
                    own.value, other.value
                ),
            )
            .here("metrics and telemetry are told apart by it")
            .label(other.span, "the mesh is named here")
            .help(format!("write `ISTIO_META_MESH_ID='{}'`", other.value)),
        );
    }
}

/// What Istio is installed with: `--set values.global.meshID=…`, or an IstioOperator.
fn installed(context: Context<'_>) -> Option<Spanned<String>> {
    let commands = context.machines.iter().flat_map(|machine| machine.commands());
    let mut flags = commands
        .filter(|command| command.runs("istioctl") || command.runs("helm"))
        .flat_map(|command| command.plain())
        .filter_map(|word| {
            let (key, value) = word
                .text
                .strip_prefix("--set=")
                .unwrap_or(&word.text)
                .split_once('=')?;
            ["values.global.meshID", "global.meshID"]
                .contains(&key)
                .then(|| Spanned {
                    value: value.to_owned(),
                    span: word.span,
                })
        });
    flags.next().or_else(|| {
        let mut operators = context
            .objects
            .iter()
            .filter(|object| object.kind.value == "IstioOperator");
        operators.find_map(|object| object.text(&["spec", "values", "global", "meshID"]))
    })
}
