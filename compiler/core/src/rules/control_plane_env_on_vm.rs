use super::{Context, unknown_env};
use crate::diag::{Diagnostic, Sink, code};

/// istiod's own variables begin with `PILOT_`: its agent on a machine does not read them.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let istiods = |name: &str| name.starts_with("PILOT_") && !unknown_env::is_unknown(name);
    for name in context.spec.variables().filter(|name| istiods(&name.value)) {
        let message = "this is a variable of istiod: a machine's agent does not read it";
        sink.push(
            Diagnostic::new(&code::ISTIOD_ENV, name.span, message)
                .here("has no effect here")
                .help("set it in istiod's chart, `pilot.env`, and leave it out here"),
        );
    }
}
