use super::scope::Scope;
use super::{Action, Levels};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::manifest::Object;

/// The annotation of an object that allows what is found in it: `meshc.dev/allow: "MC-V016 why it is right"`, one a line.
const ALLOW: &str = "meshc.dev/allow";

/// The levels that the annotations of `objects` say.
pub(crate) fn read(objects: &[Object], sink: &mut Sink) -> Levels {
    let mut levels = Levels {
        only_read: true,
        ..Levels::default()
    };
    for object in objects {
        let Some(said) = object.text(&["metadata", "annotations", ALLOW]) else {
            continue;
        };
        let scope = Scope::of_span(object.body.span);
        let first = levels.len();
        for line in said.value.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, reason) = line.split_once(' ').unwrap_or((line, ""));
            let name = Spanned {
                value: name.to_owned(),
                span: said.span,
            };
            match reason.trim() {
                "" => sink.push(without_reason(&name.value, said.span)),
                reason => levels.add(Action::Allow, &name, reason.to_owned(), (&scope, first), sink),
            }
        }
    }
    levels
}

fn without_reason(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{ALLOW}` needs the reason why `{name}` is allowed");
    Diagnostic::new(&code::MISSING, span, message).help(format!("write {ALLOW}: \"{name} REASON\""))
}
