use serde_json::Value;

use super::policy::header;
use super::{millis, shares};
use crate::facts::{Facts, at, field, fields, items, list, set, text};

pub(crate) fn add(facts: &mut Facts, table: &Value) {
    for host in items(table, "virtualHosts") {
        let path = format!("route/{}/{}", text(table, "name"), text(host, "name"));
        let domains = items(host, "domains").iter().filter_map(Value::as_str);
        facts.insert(format!("{path}/domains"), set(domains));
        let routes: Vec<_> = items(host, "routes").iter().map(route).collect();
        facts.insert(format!("{path}/routes"), routes.join(" | "));
    }
}

fn route(route: &Value) -> String {
    let name = text(route, "name");
    let action = if route.get("route").is_some() {
        forward(at(route, "route"))
    } else if route.get("directResponse").is_some() {
        format!("respond={}", text(route, "directResponse/status"))
    } else {
        format!("redirect={}", at(route, "redirect"))
    };
    fields(&[
        field("name", Some(name).filter(|name| !name.is_empty())),
        matching(at(route, "match")),
        action,
        edits(route, "request"),
        edits(route, "response"),
        fault(
            at(route, "typedPerFilterConfig")
                .get("envoy.filters.http.fault")
                .unwrap_or(&Value::Null),
        ),
    ])
}

fn matching(matches: &Value) -> String {
    let kinds = [
        ("prefix", "prefix"),
        ("pathSeparatedPrefix", "path-prefix"),
        ("path", "path"),
        ("safeRegex", "regex"),
    ];
    let (key, word) = kinds.iter().find(|(key, _)| matches.get(key).is_some()).unwrap();
    let path = match *key {
        "safeRegex" => text(matches, "safeRegex/regex"),
        key => text(matches, key),
    };
    let headers = items(matches, "headers")
        .iter()
        .map(|matching| format!("[{}]", header(matching)));
    fields(&[format!("{word}={path}"), set(headers)])
}

fn forward(action: &Value) -> String {
    let mirrors = items(action, "requestMirrorPolicies").iter().map(|mirror| {
        let share = text(mirror, "runtimeFraction/defaultValue/numerator");
        format!("mirror={}:{share}", text(mirror, "cluster"))
    });
    let rewrite = text(action, "prefixRewrite");
    fields(&[
        format!("to={}", shares(action)),
        format!("timeout={}", millis(action, "timeout").unwrap_or(15_000)),
        retry(at(action, "retryPolicy")),
        field(
            "rewrite",
            Some(format!("prefix:{rewrite}")).filter(|_| !rewrite.is_empty()),
        ),
        list(mirrors),
    ])
}

fn retry(retry: &Value) -> String {
    if retry.is_null() {
        return String::new();
    }
    let predicates = items(retry, "retryHostPredicate");
    let elsewhere = predicates
        .iter()
        .any(|one| text(one, "name").ends_with("previous_hosts"));
    let place = if elsewhere {
        format!("elsewhere:{}", text(retry, "hostSelectionRetryMaxAttempts"))
    } else {
        String::new()
    };
    let number = text(retry, "numRetries");
    let number = if number.is_empty() { "1" } else { &number };
    let tries = format!("{number}x{}ms", millis(retry, "perTryTimeout").unwrap_or(0));
    format!(
        "retry={}",
        fields(&[text(retry, "retryOn"), tries, place]).replace(' ', ";")
    )
}

/// What is overwritten is set, what is appended is added.
fn edits(route: &Value, side: &str) -> String {
    let headers = items(route, &format!("{side}HeadersToAdd"));
    let mut all: Vec<_> = headers
        .iter()
        .map(|edit| {
            let kind = if text(edit, "appendAction").starts_with("OVERWRITE") {
                "set"
            } else {
                "add"
            };
            format!(
                "{side}-{kind}={}:{}",
                text(edit, "header/key"),
                text(edit, "header/value")
            )
        })
        .collect();
    all.sort_by_key(|edit| !edit.contains("-set="));
    let removed = items(route, &format!("{side}HeadersToRemove"));
    all.extend(
        removed
            .iter()
            .filter_map(Value::as_str)
            .map(|name| format!("{side}-remove={name}")),
    );
    list(all)
}

fn fault(fault: &Value) -> String {
    let delay = at(fault, "delay");
    let abort = at(fault, "abort");
    let delay = millis(delay, "fixedDelay")
        .map(|span| format!("delay={span}ms:{}", text(delay, "percentage/numerator")));
    let abort = (!abort.is_null()).then(|| {
        format!(
            "abort={}:{}",
            text(abort, "httpStatus"),
            text(abort, "percentage/numerator")
        )
    });
    list(delay.into_iter().chain(abort))
}
