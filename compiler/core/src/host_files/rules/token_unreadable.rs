use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::shell::{Command, Word};

/// The agent runs as istio-proxy: a token that root alone may read is of no use to it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for command in machine.commands().filter(|command| command.runs("chmod")) {
            let words = command.plain();
            let Some(mode) = words.get(1) else { continue };
            let token = words.iter().skip(2).find(|word| word.name() == "istio-token");
            if let Some(token) = token.filter(|token| is_private(&mode.text) && !is_owned(machine, token)) {
                sink.push(
                    Diagnostic::new(
                        &code::TOKEN_UNREADABLE,
                        mode.span,
                        "only root can read the token, and the agent runs as istio-proxy",
                    )
                    .here("nobody else may read it")
                    .label(token.span, "it belongs to whoever put it here")
                    .help(format!("add `chown istio-proxy {}`", token.text)),
                );
            }
        }
    }
}

/// Nobody but the owner may read.
fn is_private(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(bits) => bits & 0o044 == 0,
        Err(_) => ["go=", "go-r", "go-rwx", "u=r", "u=rw"]
            .iter()
            .any(|private| mode == *private || mode.contains(",go=")),
    }
}

/// It, or a folder around it, is given to istio-proxy.
fn is_owned(machine: &Machine<'_>, token: &Word) -> bool {
    let gives = |command: &Command| {
        let words = command.plain();
        let chown = command.runs("chown") && words.iter().any(|word| word.text.starts_with("istio-proxy"));
        let install = command.runs("install")
            && command
                .option("--owner", Some("-o"))
                .is_some_and(|owner| owner.value == "istio-proxy");
        let whole = command.has("-R") || command.has("--recursive") || install;
        let covers = |word: &Word| {
            token.text == word.text
                || whole
                    && token
                        .text
                        .starts_with(&format!("{}/", word.text.trim_end_matches('/')))
        };
        (chown || install) && words.iter().any(covers)
    };
    machine.commands().any(gives)
}
