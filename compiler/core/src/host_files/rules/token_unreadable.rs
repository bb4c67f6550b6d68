use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;

/// The agent runs as istio-proxy: a token that root alone may read is of no use to it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let owned = owned(machine);
        for command in machine.commands().filter(|command| command.runs("chmod")) {
            let words = command.plain();
            let Some(mode) = words.get(1) else { continue };
            let token = words.iter().skip(2).find(|word| word.name() == "istio-token");
            if let Some(token) =
                token.filter(|token| is_private(&mode.text) && !is_owned(&token.text, &owned))
            {
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

/// What is given to istio-proxy: paths, and folders with all that is in them.
fn owned<'a>(machine: &'a Machine<'_>) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let (mut paths, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for command in machine.commands() {
        let words = command.plain();
        let chown = command.runs("chown") && words.iter().any(|word| word.text.starts_with("istio-proxy"));
        let owner = command.option("--owner", Some("-o"));
        let install = command.runs("install") && owner.is_some_and(|owner| owner.value == "istio-proxy");
        if !(chown || install) {
            continue;
        }
        let whole = install || command.has("-R") || command.has("--recursive");
        let texts = words.iter().map(|word| word.text.trim_end_matches('/'));
        paths.extend(texts.clone());
        folders.extend(texts.filter(|_| whole));
    }
    (paths, folders)
}

/// `path`, or a folder around it, is owned.
fn is_owned(path: &str, (paths, folders): &(BTreeSet<&str>, BTreeSet<&str>)) -> bool {
    let around = path.match_indices('/').map(|(at, _)| &path[..at]);
    paths.contains(path) || around.into_iter().any(|folder| folders.contains(folder))
}
