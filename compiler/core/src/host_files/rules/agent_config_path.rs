use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::host_files::Machine;

/// Where pilot-agent reads its MeshConfig (`--meshConfig`, Istio `pilot/cmd/pilot-agent/app/cmd.go`).
const READ: &[&str] = &["/etc/istio/config/mesh", "/var/lib/istio/config/mesh"];

/// The MeshConfig lies where the agent reads it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for (file, _) in machine.meshes() {
            if let Some(path) = &file.place.path {
                look(machine, path, file.head(), sink);
            }
        }
        for command in machine.commands() {
            let copies = ["cp", "mv", "install"]
                .iter()
                .any(|program| command.runs(program));
            if let Some(last) = command.words.last().filter(|_| copies) {
                look(machine, &last.text, last.span, sink);
            }
        }
    }
}

fn look(machine: &Machine<'_>, path: &str, span: Span, sink: &mut Sink) {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let of_agent = [
        "/etc/istio/config",
        "/etc/istio",
        "/var/lib/istio/config",
        "/var/lib/istio",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_mesh = name.starts_with("mesh") && (name == "mesh" || name.contains(".y"));
    if !of_agent.contains(&folder) || !is_mesh || READ.contains(&path) || is_named(machine, path) {
        return;
    }
    sink.push(
        Diagnostic::new(
            &code::CONFIG_PATH,
            span,
            format!("the agent does not read {path}"),
        )
        .here("nobody reads this file")
        .help("write it to /etc/istio/config/mesh, without an ending")
        .note("`--meshConfig` in ISTIO_AGENT_FLAGS would name another file"),
    );
}

/// The agent is told of this file.
fn is_named(machine: &Machine<'_>, path: &str) -> bool {
    let flags = machine.env("ISTIO_AGENT_FLAGS");
    let in_flags = flags.is_some_and(|flags| flags.value.contains(path));
    let in_unit = |unit: &crate::host_files::unit::Unit| {
        let words = unit.words("ExecStart");
        words.iter().any(|word| word.value.contains(path))
    };
    in_flags || machine.units().any(|(_, unit)| in_unit(unit))
}
