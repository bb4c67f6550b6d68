use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{Cors, Fault, HeaderEdits, PathMatch, PathRewrite, PerMillion, Redirect};
use serde_json::{Map, Value, json};

use super::{of_senders, target};
use crate::emit::istio::text::duration;
use crate::model::{
    Destination, GRPC_CODES, HttpAction, HttpForward, HttpMatch, HttpRoute, MirrorTo, RetryPolicy,
};

/// An entry of `http`.
pub(super) fn route(route: &HttpRoute) -> Value {
    let mut matches: Vec<_> = route
        .matches
        .iter()
        .flat_map(|matching| of_senders(&matching.from, || conditions(route.port, matching)))
        .collect();
    if let (true, Some(port)) = (route.matches.is_empty(), route.port) {
        matches.push(json!({ "port": port }));
    }
    let mut object = json!({
        "name": route.name,
        "match": matches,
        "headers": headers(&route.request, &route.response),
        "fault": route.fault.as_ref().map(fault),
        "corsPolicy": route.cors.as_ref().map(cors),
    });
    match &route.action {
        HttpAction::Forward(action) => forward(&mut object, action),
        HttpAction::Redirect(action) => object["redirect"] = redirect(action),
        HttpAction::Respond(action) => {
            let body = (!action.body.is_empty()).then(|| json!({ "string": action.body }));
            object["directResponse"] = json!({ "status": action.status, "body": body });
        }
    }
    object
}

fn conditions(port: Option<u16>, matching: &HttpMatch) -> Value {
    let uri = matching.path.as_ref().map(|path| match path {
        PathMatch::Exact(path) => json!({ "exact": path }),
        PathMatch::Prefix(path) | PathMatch::PathPrefix(path) => json!({ "prefix": path }),
        PathMatch::Regex(path) => json!({ "regex": path }),
    });
    let (without, with): (Vec<_>, Vec<_>) = matching.headers.iter().partition(|header| header.invert);
    json!({
        "port": port,
        "uri": uri,
        "ignoreUriCase": matching.ignore_case.then_some(true),
        "method": methods(&matching.methods),
        "authority": matching.authority.as_ref().map(string),
        "scheme": matching.scheme.as_ref().map(|scheme| json!({ "exact": scheme })),
        "headers": pairs(with, PRESENT),
        "withoutHeaders": pairs(without, ABSENT),
        "queryParams": pairs(matching.query.iter().collect(), PRESENT),
    })
}

/// What is there has some value. Istio would take an empty object for it too, which server-side apply does not keep.
const PRESENT: &str = ".*";
/// No expression, but Istio's word for whatever value (`canBeConvertedToPresentMatch`).
const ABSENT: &str = "*";

fn pairs(all: Vec<&HeaderMatch>, any: &str) -> Value {
    let pair = |one: &HeaderMatch| {
        let value = one.value.as_ref();
        (
            one.name.clone(),
            value.map_or_else(|| json!({ "regex": any }), string),
        )
    };
    Value::Object(all.into_iter().map(pair).collect::<Map<_, _>>())
}

fn methods(all: &[String]) -> Option<Value> {
    match all {
        [] => None,
        [one] => Some(json!({ "exact": one })),
        several => Some(json!({ "regex": several.join("|") })),
    }
}

/// Istio knows these three; the model has no others here.
fn string(matching: &StringMatch) -> Value {
    match matching {
        StringMatch::Exact(text) => json!({ "exact": text }),
        StringMatch::Prefix(text) => json!({ "prefix": text }),
        StringMatch::Regex(text) => json!({ "regex": text }),
        StringMatch::Suffix(_) | StringMatch::Contains(_) | StringMatch::IgnoreCase(_) => Value::Null,
    }
}

fn forward(object: &mut Value, action: &HttpForward) {
    let alone = action.to.len() == 1;
    let to = |to: &Destination| {
        json!({
            "destination": target(&to.target),
            "weight": (!alone).then_some(to.weight),
            "headers": headers(&to.request, &to.response),
        })
    };
    let mirror = |mirror: &MirrorTo| json!({ "destination": target(&mirror.target), "percentage": percentage(mirror.share) });
    object["route"] = action.to.iter().map(to).collect();
    object["mirrors"] = action.mirrors.iter().map(mirror).collect();
    object["timeout"] = json!(action.timeout.map(duration));
    object["retries"] = json!(action.retry.as_ref().map(retries));
    let (uri, regex) = match &action.path {
        Some(PathRewrite::Regex {
            pattern,
            substitution,
        }) => (None, Some(json!({ "match": pattern, "rewrite": substitution }))),
        Some(PathRewrite::Prefix(path) | PathRewrite::Full(path)) => (Some(path), None),
        None => (None, None),
    };
    object["rewrite"] = json!({ "uri": uri, "uriRegexRewrite": regex, "authority": action.host });
}

fn retries(retry: &RetryPolicy) -> Value {
    json!({
        "attempts": retry.attempts,
        "perTryTimeout": retry.per_try.map(duration),
        "retryOn": (!retry.on.is_empty()).then(|| retry.on.join(",")),
        "backoff": retry.backoff.map(duration),
        "retryIgnorePreviousHosts": retry.ignore_previous_hosts,
        "retryRemoteLocalities": retry.remote_localities.then_some(true),
    })
}

fn redirect(redirect: &Redirect) -> Value {
    let (uri, prefix) = match &redirect.path {
        Some(PathRewrite::Full(path)) => (Some(path), None),
        Some(PathRewrite::Prefix(path)) => (None, Some(path)),
        Some(PathRewrite::Regex { .. }) | None => (None, None),
    };
    json!({
        "uri": uri,
        "prefixRewrite": prefix,
        "authority": redirect.host,
        "scheme": redirect.scheme,
        "port": redirect.port,
        "redirectCode": redirect.status,
    })
}

fn fault(fault: &Fault) -> Value {
    let delay = fault
        .delay
        .as_ref()
        .map(|delay| json!({ "fixedDelay": duration(delay.delay), "percentage": percentage(delay.share) }));
    let abort = fault.abort.as_ref().map(|abort| {
        let code = abort
            .grpc_status
            .and_then(|code| GRPC_CODES.get(usize::try_from(code).ok()?));
        json!({
            "httpStatus": abort.status,
            "grpcStatus": code,
            "percentage": percentage(abort.share),
        })
    });
    json!({ "delay": delay, "abort": abort })
}

fn percentage(share: PerMillion) -> Value {
    json!({ "value": f64::from(share.0) / 10_000.0 })
}

fn cors(cors: &Cors) -> Value {
    json!({
        "allowOrigins": cors.allow_origins.iter().map(string).collect::<Vec<_>>(),
        "allowMethods": cors.allow_methods,
        "allowHeaders": cors.allow_headers,
        "exposeHeaders": cors.expose_headers,
        "maxAge": cors.max_age.map(duration),
        "allowCredentials": cors.allow_credentials.then_some(true),
    })
}

fn headers(request: &HeaderEdits, response: &HeaderEdits) -> Value {
    json!({ "request": edits(request), "response": edits(response) })
}

fn edits(edits: &HeaderEdits) -> Value {
    json!({ "set": edits.set, "add": edits.add, "remove": edits.remove })
}
