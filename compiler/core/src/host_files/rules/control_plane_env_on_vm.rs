use super::{Context, left_out};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::known::{Reader, reader};

/// Variables of istiod have no effect on machines.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for said in context.machines.iter().flat_map(|machine| machine.variables()) {
        let name = &said.variable.name;
        if reader(&name.value) == Reader::Istiod {
            sink.push(
                Diagnostic::new(
                    &code::ISTIOD_ENV,
                    name.span,
                    format!("only istiod reads `{}`", name.value),
                )
                .here("has no effect on a machine")
                .help(format!(
                    "leave it out; istiod has it by `values.pilot.env.{}`",
                    name.value
                ))
                .fix(left_out(said)),
            );
        }
    }
}
