use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::known::{Reader, reader};

/// Variables have names that somebody reads.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for said in context.machines.iter().flat_map(|machine| machine.variables()) {
        let name = &said.variable.name;
        if let Reader::Nobody(help) = reader(&name.value) {
            sink.push(
                Diagnostic::new(
                    &code::UNKNOWN_ENV,
                    name.span,
                    format!("no Istio reads `{}`", name.value),
                )
                .here("has no effect")
                .help(help),
            );
        }
    }
}
