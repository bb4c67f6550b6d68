use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::unit::{Unit, Word};

/// A unit that starts pilot-agent itself must do what `istio-start.sh` does: read cluster.env and load the capture rules.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for (_, unit) in machine.units() {
            if let Some(word) = direct(unit) {
                look(machine, unit, &word, sink);
            }
        }
    }
}

/// The word by which a unit starts pilot-agent without its script.
pub(super) fn direct(unit: &Unit) -> Option<Word> {
    let mut words = unit.words("ExecStart").into_iter();
    let starts = |word: &Word| {
        let program = word.value.rsplit('/').next().unwrap_or_default();
        program == "pilot-agent" || word.value.contains("pilot-agent proxy")
    };
    words.find(starts)
}

fn look(machine: &Machine<'_>, unit: &Unit, word: &Word, sink: &mut Sink) {
    let execs = ["ExecStart", "ExecStartPre"].map(|key| unit.words(key)).concat();
    let read = unit.words("EnvironmentFile");
    let loads = read
        .iter()
        .chain(&execs)
        .any(|word| word.value.contains("cluster.env"));
    let captures = execs.iter().any(|word| word.value.contains("istio-iptables"))
        || machine.is_on("ISTIO_CUSTOM_IP_TABLES")
        || machine
            .rulesets()
            .any(|(_, rules)| rules.redirect("nat").is_some())
        || machine
            .commands()
            .any(|command| command.words.iter().any(|word| word.text == "istio-iptables"));
    let message = match (loads, captures) {
        (true, true) => return,
        (false, false) => "cluster.env is never read, and no traffic is captured",
        (false, true) => "cluster.env is never read",
        (true, false) => "no traffic is captured: nothing loads the rules",
    };
    let mut found = Diagnostic::new(&code::ENV_NOT_LOADED, word.span, message)
        .here("this starts the agent without its script")
        .help("write `ExecStart=/usr/local/bin/istio-start.sh`, as the package's own unit does")
        .note("istio-start.sh reads sidecar.env and cluster.env, loads the rules and starts the agent as istio-proxy");
    if let Some((file, _)) = machine.env_files().next().filter(|_| !loads) {
        found = found.label(file.head(), "these variables have no effect");
    }
    sink.push(found);
}
