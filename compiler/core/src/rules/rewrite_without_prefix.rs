use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{MatchDecl, RouteDecl};

/// What is rewritten is the path or the prefix that matched: without one it is the first `/` of every path.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for route in context.spec.routed().flat_map(|owner| owner.routes) {
        let path = route.rewrite.as_ref().and_then(|rewrite| rewrite.path.as_ref());
        let prefix = route
            .redirect
            .as_ref()
            .and_then(|redirect| redirect.prefix.as_ref());
        for new in path.into_iter().chain(prefix) {
            look(route, new, sink);
        }
    }
}

fn look(route: &RouteDecl, new: &Spanned<String>, sink: &mut Sink) {
    if route.matches.is_empty() {
        return nothing_matched(new, sink);
    }
    for matching in route.matches.iter().filter(|matching| !matching.damaged) {
        match (&matching.path_regex, &matching.path_prefix, &matching.path) {
            (Some(regex), _, _) => sink.push(
                Diagnostic::new(
                    &code::REWRITE_WITHOUT_PREFIX,
                    new.span,
                    "a prefix is rewritten, and the path is matched by an expression",
                )
                .label(regex.span, "which has no prefix")
                .help("write `rewrite regex=\"…\" with=\"…\"`, or match by `path-prefix=`"),
            ),
            (None, Some(prefix), _) => of_prefix(prefix, new, sink),
            (None, None, Some(_)) => {}
            (None, None, None) => of_any(matching, new, sink),
        }
    }
}

fn of_any(matching: &MatchDecl, new: &Spanned<String>, sink: &mut Sink) {
    // Of conditions that do not fit the port, another rule speaks.
    if matching.sni.is_none() && matching.to.is_none() {
        nothing_matched(new, sink);
    }
}

fn nothing_matched(new: &Spanned<String>, sink: &mut Sink) {
    if new.value.ends_with('/') {
        return;
    }
    let message = format!(
        "every path is rewritten at its first `/`: /x becomes {}x",
        new.value
    );
    sink.push(
        Diagnostic::new(&code::REWRITE_WITHOUT_PREFIX, new.span, message)
            .here("of what?")
            .help(format!(
                "write `match path-prefix=\"…\"`, or end it with a slash: \"{}/\"",
                new.value
            )),
    );
}

/// Both end with a slash, or neither does.
fn of_prefix(prefix: &Spanned<String>, new: &Spanned<String>, sink: &mut Sink) {
    let (old, by) = (&prefix.value, &new.value);
    if old.ends_with('/') == by.ends_with('/') {
        return;
    }
    let shown = format!("{}/x", old.trim_end_matches('/'));
    let becomes = format!("{by}{}", &shown[old.len()..]);
    sink.push(
        Diagnostic::new(
            &code::REWRITE_WITHOUT_PREFIX,
            new.span,
            format!("{shown} becomes {becomes}"),
        )
        .label(prefix.span, "this is what is replaced")
        .help("end both with a slash, or neither")
        .warning(),
    );
}
