use super::{Context, env_not_loaded};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;

/// The agent starts when there is a network, and a drop-in lies in a folder that is there.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for (file, unit) in machine.units() {
            if !file.is_agents(unit) && env_not_loaded::direct(unit).is_none() {
                continue;
            }
            let after = unit.words("After");
            let online = after.iter().any(|word| word.value == "network-online.target");
            let network = after.iter().find(|word| word.value == "network.target");
            if let Some(network) = network.filter(|_| !online) {
                sink.push(
                    Diagnostic::new(
                        &code::UNIT_ORDERING,
                        network.span,
                        "the agent may start before the machine has an address",
                    )
                    .here("this waits for no address and no route")
                    .help("write `After=network-online.target` and `Wants=network-online.target`"),
                );
            }
        }
        drop_ins(machine, sink);
    }
}

/// `tee` makes no folders.
fn drop_ins(machine: &Machine<'_>, sink: &mut Sink) {
    for file in &machine.files {
        let (Some(path), Some(named), Some(_)) = (&file.place.path, file.named, &file.place.drop_in_of)
        else {
            continue;
        };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let makes = ["mkdir", "install", "systemctl"];
        let made = machine
            .commands()
            .filter(|command| makes.iter().any(|program| command.runs(program)))
            .any(|command| {
                command
                    .words
                    .iter()
                    .any(|word| word.text.starts_with(folder) || word.text == "edit")
            });
        let ours = folder.starts_with("/etc/systemd/system/");
        let given = machine.files.iter().any(|other| {
            other.named.is_none()
                && other
                    .place
                    .path
                    .as_deref()
                    .is_some_and(|path| path.starts_with(folder))
        });
        if ours && !made && !given {
            sink.push(
                Diagnostic::new(
                    &code::UNIT_ORDERING,
                    named,
                    format!("nothing makes the folder {folder}"),
                )
                .here("writing fails here unless it is there")
                .help(format!("write `mkdir -p {folder}` before it")),
            );
        }
    }
}
