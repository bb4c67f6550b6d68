//! Levels: what a spec says of how bad a code is, where it is not as its page says.
//!
//! A [`Level`] holds for what lies in its [`Scope`]; of several that hold, the innermost wins. An error without which
//! nothing can be built stays one.

mod objects;
mod scope;
mod spec;

pub(crate) use objects::read as of_objects;
pub(crate) use spec::read as of_spec;

use self::scope::Scope;
use crate::diag::{Code, Diagnostic, Fix, Severity, Sink, Span, Spanned, code};

/// What was found and is allowed, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// What would have been told.
    pub diagnostic: Diagnostic,
    /// Why it is right.
    pub reason: String,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Warn,
    Deny,
}

/// One `allow`, `warn` or `deny`.
#[derive(Debug)]
struct Level {
    action: Action,
    code: Spanned<&'static Code>,
    reason: String,
    scope: Scope,
    used: bool,
}

/// All levels of a spec, and what they silenced.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    /// The outermost first.
    all: Vec<Level>,
    allowed: Vec<Allowed>,
    /// Nothing is built of what is checked: nearly all errors can be allowed.
    only_read: bool,
}

impl Levels {
    /// How many there are.
    fn len(&self) -> usize {
        self.all.len()
    }

    /// Takes one in, for all of `scope`. Those of the same place begin at `first`: there, a code is named once.
    fn add(
        &mut self,
        action: Action,
        name: &Spanned<String>,
        reason: String,
        (scope, first): (&Scope, usize),
        sink: &mut Sink,
    ) {
        let Some(code) = code_named(name, sink) else {
            return;
        };
        let mut here = self.all.iter().skip(first);
        if let Some(before) = here.find(|level| level.code.value == code.value) {
            sink.push(twice(code.value.slug, code.span, before.code.span));
        } else if may_be(action, &code, self.only_read, sink) {
            self.all.push(Level {
                action,
                code,
                reason,
                scope: scope.clone(),
                used: false,
            });
        }
    }

    /// Holds what was found against them. What is found later needs another call.
    pub(crate) fn apply(&mut self, sink: &mut Sink) {
        if self.all.is_empty() {
            return;
        }
        let Self { all, allowed, .. } = self;
        sink.retain(|found| {
            let of_code =
                |level: &&mut Level| level.code.value == found.code && level.scope.covers(found.primary.span);
            // The last that holds is the innermost.
            let Some(level) = all.iter_mut().rev().find(of_code) else {
                return true;
            };
            level.used = true;
            match level.action {
                Action::Deny => found.severity = Severity::Error,
                Action::Warn => found.severity = Severity::Warning,
                Action::Allow => {
                    allowed.push(Allowed {
                        diagnostic: found.clone(),
                        reason: level.reason.clone(),
                    });
                    return false;
                }
            }
            true
        });
    }

    /// Tells of every `allow` that silences nothing. Where something is wrong, what it would silence may not be looked
    /// for yet.
    pub(crate) fn unused(&mut self, sink: &mut Sink) {
        if sink.has_errors() {
            return;
        }
        let idle = |level: &&Level| level.action == Action::Allow && !level.used;
        let found: Vec<_> = self.all.iter().filter(idle).map(unused).collect();
        found.into_iter().for_each(|found| sink.push(found));
        self.apply(sink);
    }

    /// What is allowed, in the order of places.
    pub(crate) fn into_allowed(self) -> Vec<Allowed> {
        let mut allowed = self.allowed;
        allowed.sort_by_key(|one| (one.diagnostic.primary.span, one.diagnostic.code.id));
        allowed.dedup();
        allowed
    }
}

fn unused(level: &Level) -> Diagnostic {
    let Code { slug, .. } = level.code.value;
    let message = format!("nothing here is found by `{slug}`");
    Diagnostic::new(&code::ALLOW_UNUSED, level.code.span, message)
        .here("this silences nothing")
        .help("leave it out")
}

/// The code that is called `name`; one that there is not is told.
fn code_named(name: &Spanned<String>, sink: &mut Sink) -> Option<Spanned<&'static Code>> {
    if let Some(value) = code::find(&name.value) {
        return Some(Spanned {
            value,
            span: name.span,
        });
    }
    let message = format!("there is no code `{}`", name.value);
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
    let known = code::ALL.iter().flat_map(|code| [code.slug, code.id]);
    sink.push(match Fix::meant(name.span, &name.value, known) {
        Some(fix) => {
            let near = fix.edits.first().map_or("", |edit| edit.text.as_str());
            found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(fix.clone())
        }
        None => found.help("write a code that `meshc check` tells, or its name; `meshc explain` lists all"),
    });
    None
}

fn twice(slug: &str, span: Span, before: Span) -> Diagnostic {
    let message = format!("the level of `{slug}` is said twice here");
    Diagnostic::new(&code::DUPLICATE, span, message)
        .here("here again")
        .label(before, "first here")
        .help("keep one of them")
}

/// Whether this may be said of the code; if not, that is told.
fn may_be(action: Action, code: &Spanned<&'static Code>, only_read: bool, sink: &mut Sink) -> bool {
    let hard = match only_read {
        true => [&code::SYNTAX, &code::UNREADABLE].contains(&code.value),
        false => !code.value.yields(),
    };
    if action == Action::Deny || !hard {
        return true;
    }
    let message = format!(
        "`{}` is an error that cannot be built in spite of",
        code.value.slug
    );
    sink.push(
        Diagnostic::new(&code::LEVEL_REFUSED, code.span, message)
            .help("put right what it finds, and leave this out")
            .note(code.value.about),
    );
    false
}
