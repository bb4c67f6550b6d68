use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::Action;

/// What `audit` notes has to be written somewhere.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let log = context.mesh.telemetry.access_log.as_ref();
    if log.is_some_and(|log| log.form.is_some() || log.collector.is_some()) {
        return;
    }
    let rules = context
        .spec
        .access()
        .flat_map(|access| access.decl.of(Action::Audit));
    for rule in rules {
        sink.push(
            Diagnostic::new(
                &code::AUDIT_UNSEEN,
                rule.span,
                "nobody writes down what this notes",
            )
            .label(context.mesh.span, "without an access log")
            .help("write `telemetry { access-log json }` in `mesh`"),
        );
    }
}
