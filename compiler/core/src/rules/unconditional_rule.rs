use super::Context;
use super::scope::{places, sound};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Action;

/// A rule that asks nothing lets everybody in, or nobody.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let open = place.access.rules.iter().filter(|rule| rule.is_open());
        for rule in open.filter(|rule| sound(context, rule)) {
            let new = |message: String| Diagnostic::new(&code::UNCONDITIONAL_RULE, rule.span, message);
            let name = place.name();
            match rule.action {
                Action::Allow => sink.push(
                    new(format!("everybody may call {name}, also without a certificate"))
                        .here("it asks nothing")
                        .help("write `from=`: `from=\"*\"` is everybody of the mesh"),
                ),
                Action::Deny => sink.push(
                    new(format!("nobody may call {name}"))
                        .here("it asks nothing")
                        .help("say who or what is refused, or leave it out"),
                ),
                Action::Audit | Action::Ask => {}
            }
        }
    }
}
