use mesh_wire::matcher::StringMatch;
use mesh_wire::route::{
    Cors, DirectResponse, Fault, FaultAbort, FaultDelay, HeaderEdits, PathRewrite, PerMillion, Redirect,
};

use super::target::Targets;
use crate::diag::Spanned;
use crate::model::{HttpAction, HttpForward, RetryPolicy};
use crate::spec::decl::{
    CorsDecl, EditsDecl, FaultDecl, List, RedirectDecl, RetryDecl, RewriteDecl, RouteDecl,
};
use crate::spec::schema::GRPC_CODES;

/// What becomes of a request; nothing where the route does not say.
pub(super) fn of(decl: &RouteDecl, targets: &Targets) -> Option<HttpAction> {
    if let Some(decl) = &decl.redirect {
        return Some(HttpAction::Redirect(redirect(decl)));
    }
    if let Some(decl) = &decl.respond {
        return Some(HttpAction::Respond(DirectResponse {
            status: decl.status.as_ref()?.value,
            body: text(decl.body.as_ref()).unwrap_or_default(),
        }));
    }
    if targets.to.is_empty() {
        return None;
    }
    Some(HttpAction::Forward(HttpForward {
        to: targets.to.clone(),
        timeout: decl.timeout.as_ref().map(|timeout| timeout.value),
        retry: decl.retry.as_ref().map(retry),
        path: decl.rewrite.as_ref().and_then(rewrite),
        host: decl
            .rewrite
            .as_ref()
            .and_then(|rewrite| text(rewrite.host.as_ref())),
        mirrors: targets.mirrors.clone(),
    }))
}

fn redirect(decl: &RedirectDecl) -> Redirect {
    let whole = text(decl.path.as_ref()).map(PathRewrite::Full);
    let prefix = text(decl.prefix.as_ref()).map(PathRewrite::Prefix);
    Redirect {
        status: decl.code.as_ref().map_or(301, |code| code.value),
        scheme: text(decl.scheme.as_ref()),
        host: text(decl.host.as_ref()),
        port: decl.port.as_ref().map(|port| port.value),
        path: whole.or(prefix),
    }
}

fn rewrite(decl: &RewriteDecl) -> Option<PathRewrite> {
    let regex = match (&decl.regex, &decl.with) {
        (Some(regex), Some(with)) => Some(PathRewrite::Regex {
            pattern: regex.value.clone(),
            substitution: with.value.clone(),
        }),
        _ => None,
    };
    text(decl.path.as_ref()).map(PathRewrite::Prefix).or(regex)
}

fn retry(decl: &RetryDecl) -> RetryPolicy {
    RetryPolicy {
        attempts: decl.attempts.value,
        per_try: decl.per_try.as_ref().map(|time| time.value),
        on: texts(decl.on.as_ref()),
        backoff: decl.backoff.as_ref().map(|time| time.value),
        ignore_previous_hosts: decl.ignore_previous_hosts.as_ref().map(|ignore| ignore.value),
        remote_localities: decl.remote_localities.as_ref().is_some_and(|remote| remote.value),
    }
}

/// What happens to no request is left out.
pub(super) fn fault(decl: &FaultDecl) -> Option<Fault> {
    let delay = decl.delay.as_ref().filter(|delay| delay.share.value > 0);
    let abort = decl.abort.as_ref().filter(|abort| abort.share.value > 0);
    let fault = Fault {
        delay: delay.map(|delay| FaultDelay {
            delay: delay.time.value,
            share: PerMillion(delay.share.value),
        }),
        abort: abort.map(|abort| FaultAbort {
            status: abort.status.as_ref().map(|status| status.value),
            grpc_status: abort.grpc.as_ref().and_then(|word| grpc_status(&word.value)),
            share: PerMillion(abort.share.value),
        }),
    };
    (fault.delay.is_some() || fault.abort.is_some()).then_some(fault)
}

/// The codes are numbered in their order.
fn grpc_status(word: &str) -> Option<u32> {
    let at = GRPC_CODES.iter().position(|code| *code == word)?;
    u32::try_from(at).ok()
}

pub(super) fn cors(decl: &CorsDecl) -> Cors {
    Cors {
        allow_origins: decl
            .origins
            .value
            .iter()
            .map(|origin| self::origin(&origin.value))
            .collect(),
        allow_methods: texts(decl.methods.as_ref()),
        allow_headers: texts(decl.headers.as_ref()),
        expose_headers: texts(decl.expose.as_ref()),
        max_age: decl.max_age,
        allow_credentials: decl.credentials.as_ref().is_some_and(|allow| allow.value),
        // Istio's `unmatchedPreflights` where nothing is said: the service answers them itself.
        forward_unmatched_preflights: true,
    }
}

/// A `*` stands for everything, or for the subdomains of a host.
fn origin(text: &str) -> StringMatch {
    match text.split_once("*.") {
        _ if text == "*" => StringMatch::Regex(".*".to_owned()),
        Some((scheme, host)) => {
            let host = host.replace('.', "\\.");
            StringMatch::Regex(format!("{scheme}[^/]+\\.{host}"))
        }
        None => StringMatch::Exact(text.to_owned()),
    }
}

/// Names of headers have no case.
pub(super) fn edits(decl: Option<&EditsDecl>) -> HeaderEdits {
    let Some(decl) = decl else {
        return HeaderEdits::default();
    };
    let pairs = |pairs: &[(Spanned<String>, Spanned<String>)]| {
        let pair = |(name, value): &(Spanned<String>, Spanned<String>)| {
            (name.value.to_ascii_lowercase(), value.value.clone())
        };
        pairs.iter().map(pair).collect()
    };
    let mut remove: Vec<_> = decl
        .remove
        .iter()
        .map(|name| name.value.to_ascii_lowercase())
        .collect();
    remove.sort();
    remove.dedup();
    HeaderEdits {
        set: pairs(&decl.set),
        add: pairs(&decl.add),
        remove,
    }
}

fn text(value: Option<&Spanned<String>>) -> Option<String> {
    value.map(|value| value.value.clone())
}

fn texts(list: Option<&List>) -> Vec<String> {
    let list = list.map(|list| list.value.as_slice()).unwrap_or_default();
    list.iter().map(|text| text.value.clone()).collect()
}
