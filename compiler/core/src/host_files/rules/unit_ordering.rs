use std::collections::BTreeSet;

use super::{Context, env_not_loaded};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::shell::Command;

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
    let made = made(machine);
    for file in &machine.files {
        let (Some(path), Some(named), Some(_)) = (&file.place.path, file.named, &file.place.drop_in_of)
        else {
            continue;
        };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is = made
            .range(folder..)
            .next()
            .is_some_and(|made| made.starts_with(folder));
        if folder.starts_with("/etc/systemd/system/") && !is && !made.contains(EDIT) {
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

/// `systemctl edit` makes the folder itself.
const EDIT: &str = "edit";

/// Paths that scripts make, and those of files that are there anyway.
fn made<'a>(machine: &'a Machine<'_>) -> BTreeSet<&'a str> {
    let makes = |command: &&Command| {
        ["mkdir", "install", "systemctl"]
            .iter()
            .any(|program| command.runs(program))
    };
    let words = machine
        .commands()
        .filter(makes)
        .flat_map(|command| &command.words);
    let there = machine.files.iter().filter(|file| file.named.is_none());
    words
        .map(|word| word.text.as_str())
        .chain(there.filter_map(|file| file.place.path.as_deref()))
        .collect()
}
