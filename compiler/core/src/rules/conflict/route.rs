use mesh_wire::Millis;

use super::both;
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::spec::decl::{FaultDecl, MatchDecl, PairDecl, RedirectDecl, RetryDecl, RewriteDecl, RouteDecl};

/// Settings of one route that exclude each other, and those that say nothing.
pub(super) fn check(route: &RouteDecl, sink: &mut Sink) {
    action(route, sink);
    durations(route, sink);
    route
        .matches
        .iter()
        .for_each(|matching| conditions(matching, sink));
    route
        .redirect
        .iter()
        .for_each(|redirect| redirection(redirect, sink));
    route.rewrite.iter().for_each(|part| rewrite(part, sink));
    route.retry.iter().for_each(|part| retry(part, sink));
    route.fault.iter().for_each(|part| fault(part, sink));
}

/// The second of those that are there is too much.
fn one_of(all: &[(&'static str, Option<Span>)], help: &str, sink: &mut Sink) {
    let there: Vec<_> = all
        .iter()
        .filter_map(|(name, span)| span.map(|span| (span, *name)))
        .collect();
    if let [first, rest @ ..] = there.as_slice() {
        rest.iter().for_each(|more| sink.push(both(*more, *first, help)));
    }
}

fn span<T>(value: &Option<Spanned<T>>) -> Option<Span> {
    value.as_ref().map(|value| value.span)
}

fn missing(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&code::MISSING, span, message).help(help)
}

fn action(route: &RouteDecl, sink: &mut Sink) {
    let to = route.to.first().map(|to| to.span);
    let redirect = route.redirect.as_ref().map(|redirect| redirect.span);
    let respond = route.respond.as_ref().map(|respond| respond.span);
    let help = "a request goes on, or is redirected, or is answered: keep one of them";
    let actions = [("`redirect`", redirect), ("`respond`", respond), ("`to`", to)];
    one_of(&actions, help, sink);
    if to.is_none() && redirect.is_none() && respond.is_none() && !route.damaged {
        sink.push(missing(
            route.span,
            "the route does not say where to",
            "write `to`, a subset (`to v1`), `redirect` or `respond`",
        ));
    }
    let Some(instead) = redirect
        .map(|span| (span, "`redirect`"))
        .or(respond.map(|span| (span, "`respond`")))
    else {
        return;
    };
    let parts = [
        ("`rewrite`", route.rewrite.as_ref().map(|part| part.span)),
        ("`timeout`", span(&route.timeout)),
        ("`retry`", route.retry.as_ref().map(|part| part.span)),
        ("`mirror`", route.mirrors.first().map(|part| part.span)),
        ("`fault`", route.fault.as_ref().map(|part| part.span)),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            sink.push(both(
                (part, name),
                instead,
                "no request goes on from here: leave it out",
            ));
        }
    }
}

/// Istio takes nothing below a millisecond.
fn durations(route: &RouteDecl, sink: &mut Sink) {
    let retry = route.retry.as_ref();
    let delay = route.fault.as_ref().and_then(|fault| fault.delay.as_ref());
    let all = [
        ("timeout", route.timeout.as_ref()),
        ("per-try", retry.and_then(|retry| retry.per_try.as_ref())),
        ("backoff", retry.and_then(|retry| retry.backoff.as_ref())),
        ("delay", delay.map(|delay| &delay.time)),
    ];
    for (name, time) in all {
        if let Some(time) = time.filter(|time| time.value == Millis(0)) {
            let message = format!("`{name}`: expected a duration above zero");
            let found = Diagnostic::new(&code::WRONG_TYPE, time.span, message);
            sink.push(found.help(format!("leave `{name}` out where nothing is meant")));
        }
    }
}

fn conditions(matching: &MatchDecl, sink: &mut Sink) {
    let help = "a path is compared in one way: keep one of them, or write a `match` for each";
    let paths = [
        ("`path=`", span(&matching.path)),
        ("`path-prefix=`", span(&matching.path_prefix)),
        ("`path-regex=`", span(&matching.path_regex)),
    ];
    one_of(&paths, help, sink);
    let authority = &matching.authority;
    let hosts = [
        ("`authority=`", span(&authority.exact)),
        ("`authority-prefix=`", span(&authority.prefix)),
        ("`authority-regex=`", span(&authority.regex)),
    ];
    one_of(&hosts, "the host is compared in one way: keep one of them", sink);
    if let (Some(ignore), None, None) = (&matching.ignore_case, &matching.path, &matching.path_prefix) {
        let help = "write `(?i)` at the beginning of an expression, or leave it out";
        match &matching.path_regex {
            Some(regex) => sink.push(both(
                (ignore.span, "`ignore-case=`"),
                (regex.span, "`path-regex=`"),
                help,
            )),
            None if !matching.damaged => sink.push(missing(
                ignore.span,
                "`ignore-case=` is about a path, and there is none",
                "write `path=` or `path-prefix=` beside it",
            )),
            None => {}
        }
    }
    for pair in matching.headers.iter().chain(&matching.query) {
        values(pair, sink);
    }
    let asks = matching.of_requests().is_some()
        || matching.from.is_some()
        || matching.sni.is_some()
        || matching.to.is_some();
    if !asks && !matching.damaged {
        sink.push(missing(
            matching.span,
            "`match` does not say what is asked",
            "write a condition, such as `path-prefix=\"/api\"`, or leave `match` out to take everything",
        ));
    }
}

fn values(pair: &PairDecl, sink: &mut Sink) {
    let all = [
        ("the value", span(&pair.value.exact)),
        ("`prefix=`", span(&pair.value.prefix)),
        ("`regex=`", span(&pair.value.regex)),
        ("`not=`", span(&pair.not)),
        (
            "`absent=`",
            pair.absent
                .as_ref()
                .filter(|absent| absent.value)
                .map(|absent| absent.span),
        ),
    ];
    one_of(&all, "it is compared in one way: keep one of them", sink);
}

fn redirection(redirect: &RedirectDecl, sink: &mut Sink) {
    let paths = [
        ("`path=`", span(&redirect.path)),
        ("`prefix=`", span(&redirect.prefix)),
    ];
    one_of(
        &paths,
        "the path is replaced whole or at its beginning: keep one of them",
        sink,
    );
    let says = [
        span(&redirect.path),
        span(&redirect.prefix),
        span(&redirect.host),
        span(&redirect.scheme),
        span(&redirect.port),
    ];
    if says.iter().all(Option::is_none) && !redirect.damaged {
        sink.push(missing(
            redirect.span,
            "`redirect` does not say where to",
            "write `path=`, `prefix=`, `host=`, `scheme=` or `port=`",
        ));
    }
}

fn rewrite(rewrite: &RewriteDecl, sink: &mut Sink) {
    let paths = [
        ("`path=`", span(&rewrite.path)),
        ("`regex=`", span(&rewrite.regex)),
    ];
    one_of(&paths, "the path is rewritten in one way: keep one of them", sink);
    if rewrite.damaged {
        return;
    }
    match (&rewrite.regex, &rewrite.with) {
        (Some(regex), None) => sink.push(missing(
            regex.span,
            "`regex=` finds something, and nothing takes its place",
            "write `with=` beside it",
        )),
        (None, Some(with)) => sink.push(missing(
            with.span,
            "`with=` takes the place of what `regex=` finds, and there is none",
            "write `regex=` beside it",
        )),
        _ => {}
    }
    if rewrite.path.is_none() && rewrite.regex.is_none() && rewrite.with.is_none() && rewrite.host.is_none() {
        sink.push(missing(
            rewrite.span,
            "`rewrite` does not say what changes",
            "write `path=`, `regex=` or `host=`",
        ));
    }
}

fn retry(retry: &RetryDecl, sink: &mut Sink) {
    if retry.attempts.value > 0 {
        return;
    }
    let others = [
        span(&retry.per_try),
        span(&retry.on),
        span(&retry.backoff),
        span(&retry.ignore_previous_hosts),
        span(&retry.remote_localities),
    ];
    if let Some(other) = others.into_iter().flatten().next() {
        let help = "nothing is tried again: leave the rest out";
        sink.push(both((other, "this"), (retry.attempts.span, "`retry 0`"), help));
    }
}

fn fault(fault: &FaultDecl, sink: &mut Sink) {
    if fault.delay.is_none() && fault.abort.is_none() && !fault.damaged {
        sink.push(missing(
            fault.span,
            "`fault` does not say what goes wrong",
            "write `delay \"5s\" share=\"1%\"` or `abort 503 share=\"1%\"`",
        ));
    }
    let Some(abort) = &fault.abort else { return };
    let codes = [
        ("the HTTP status", span(&abort.status)),
        ("`grpc=`", span(&abort.grpc)),
    ];
    one_of(&codes, "an answer has one status: keep one of them", sink);
    if abort.status.is_none() && abort.grpc.is_none() && !abort.damaged {
        sink.push(missing(
            abort.span,
            "`abort` does not say with what",
            "write a status, `abort 503`, or `grpc=UNAVAILABLE`",
        ));
    }
}
