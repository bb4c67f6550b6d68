use serde_json::Value;

use super::policy::header;
use super::{millis, shares};
use crate::reference::facts::{at, field, fields, items, list, text};

/// What a route that forwards does.
pub(super) fn forward(action: &Value) -> String {
    fields(&[
        format!("to={}", shares(action)),
        share_edits(action),
        format!("timeout={}", millis(action, "timeout").unwrap_or(15_000)),
        field("idle-timeout", millis(action, "idleTimeout")),
        retry(at(action, "retryPolicy")),
        field("rewrite", path(action, "prefixRewrite")),
        given("host", text(action, "hostRewriteLiteral")),
        list(items(action, "requestMirrorPolicies").iter().map(mirror)),
        list(items(action, "hashPolicy").iter().map(hash)),
    ])
}

/// `name=text` for a text that is not empty.
fn given(name: &str, text: String) -> String {
    field(name, Some(text).filter(|text| !text.is_empty()))
}

/// A new path: `prefix` is the key under which a prefix is replaced.
pub(super) fn path(value: &Value, prefix: &str) -> Option<String> {
    if let Some(regex) = value.get("regexRewrite") {
        let pattern = text(regex, "pattern/regex");
        return Some(format!("regex:{pattern}->{}", text(regex, "substitution")));
    }
    if let Some(path) = value.get("pathRedirect") {
        // An empty one leaves the path as it is.
        return path
            .as_str()
            .filter(|path| !path.is_empty())
            .map(|path| format!("full:{path}"));
    }
    value.get(prefix)?;
    Some(format!("prefix:{}", text(value, prefix)))
}

/// A fraction in millionths.
pub(super) fn millionths(fraction: &Value) -> u64 {
    let numerator = at(fraction, "numerator").as_u64().unwrap_or(0);
    match text(fraction, "denominator").as_str() {
        "MILLION" => numerator,
        "TEN_THOUSAND" => numerator * 100,
        _ => numerator * 10_000,
    }
}

/// What is overwritten is set, what is appended is added.
pub(super) fn edits(route: &Value, side: &str) -> String {
    let edit = |edit: &Value| {
        let set = text(edit, "appendAction").starts_with("OVERWRITE");
        let kind = if set { "set" } else { "add" };
        let (name, value) = (text(edit, "header/key"), text(edit, "header/value"));
        format!("{side}-{kind}={name}:{value}")
    };
    let changed = items(route, &format!("{side}HeadersToAdd"));
    let mut all: Vec<_> = changed.iter().map(edit).collect();
    all.sort_by_key(|edit| (!edit.contains("-set="), edit.clone()));
    let removed = items(route, &format!("{side}HeadersToRemove")).iter();
    let removed = removed.filter_map(Value::as_str);
    all.extend(removed.map(|name| format!("{side}-remove={name}")));
    list(all)
}

/// What changes on the way to single clusters of several.
fn share_edits(action: &Value) -> String {
    let each = items(action, "weightedClusters/clusters").iter().map(|share| {
        let host = given("host", text(share, "hostRewriteLiteral"));
        let all = fields(&[edits(share, "request"), edits(share, "response"), host]);
        if all.is_empty() {
            all
        } else {
            format!("[{}: {all}]", text(share, "name"))
        }
    });
    fields(&each.collect::<Vec<_>>())
}

fn mirror(mirror: &Value) -> String {
    let share = match at(mirror, "runtimeFraction") {
        Value::Null => 1_000_000,
        fraction => millionths(at(fraction, "defaultValue")),
    };
    format!("mirror={}:{share}", text(mirror, "cluster"))
}

fn hash(hash: &Value) -> String {
    let kind = if let Some(cookie) = hash.get("cookie") {
        let ttl = field("ttl", millis(cookie, "ttl"));
        format!("cookie:{}:{}:{ttl}", text(cookie, "name"), text(cookie, "path"))
    } else if hash.get("header").is_some() {
        format!("header:{}", text(hash, "header/headerName"))
    } else if hash.get("queryParameter").is_some() {
        format!("query:{}", text(hash, "queryParameter/name"))
    } else {
        assert_eq!(at(hash, "connectionProperties/sourceIp"), true);
        "source-ip".to_owned()
    };
    format!("hash={kind}")
}

fn retry(retry: &Value) -> String {
    if retry.is_null() {
        return String::new();
    }
    let predicates = items(retry, "retryHostPredicate");
    let elsewhere = predicates
        .iter()
        .any(|one| text(one, "name").ends_with("previous_hosts"));
    let attempts = text(retry, "hostSelectionRetryMaxAttempts");
    let attempts = if attempts.is_empty() { "1" } else { &attempts };
    let codes: Vec<_> = items(retry, "retriableStatusCodes")
        .iter()
        .map(Value::to_string)
        .collect();
    let headers: Vec<_> = items(retry, "retriableHeaders").iter().map(header).collect();
    let number = text(retry, "numRetries");
    let number = if number.is_empty() { "1" } else { &number };
    let all = fields(&[
        text(retry, "retryOn"),
        format!("{number}x{}ms", millis(retry, "perTryTimeout").unwrap_or(0)),
        field("elsewhere", elsewhere.then_some(attempts)),
        field("codes", (!codes.is_empty()).then(|| codes.join(","))),
        field("headers", (!headers.is_empty()).then(|| headers.join(","))),
        field(
            "priorities",
            text(retry, "retryPriority/name").strip_prefix("envoy.retry_priorities."),
        ),
        field("back-off", millis(retry, "retryBackOff/baseInterval")),
        field("back-off-max", millis(retry, "retryBackOff/maxInterval")),
    ]);
    format!("retry={}", all.replace(' ', ";"))
}
