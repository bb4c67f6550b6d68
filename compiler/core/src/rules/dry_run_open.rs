use super::Context;
use super::scope::places;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Action;

/// While every `allow` is only tried out, everybody may call.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let dry = place
            .access
            .rules
            .iter()
            .filter(|rule| rule.action == Action::Allow && rule.dry_run)
            .min_by_key(|rule| rule.span);
        let closed = place.around(context).iter().any(|access| access.closes());
        if let Some(rule) = dry.filter(|_| !closed) {
            let message = format!(
                "every `allow` of {} is a dry run: everybody may call",
                place.name()
            );
            sink.push(
                Diagnostic::new(&code::DRY_RUN_OPEN, rule.span, message)
                    .here("writes down what it would do")
                    .help("leave `dry-run=#true` out of the rules that are to hold"),
            );
        }
    }
}
