use serde_json::Value;

use super::forward::{edits, forward, millionths, path};
use super::millis;
use super::policy::{header, string};
use crate::reference::facts::{Facts, at, field, fields, items, list, set, text};

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
        respond(at(route, "directResponse"))
    } else {
        redirect(at(route, "redirect"))
    };
    let filter = |name: &str| {
        let all = at(route, "typedPerFilterConfig");
        all.get(name).cloned().unwrap_or(Value::Null)
    };
    fields(&[
        field("name", Some(name).filter(|name| !name.is_empty())),
        matching(at(route, "match")),
        action,
        edits(route, "request"),
        edits(route, "response"),
        fault(&filter("envoy.filters.http.fault")),
        cors(&filter("envoy.filters.http.cors")),
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
    let any_case = at(matches, "caseSensitive") == &Value::Bool(false) && *key != "safeRegex";
    let conditions = |key: &str, mark: &str| {
        let all = items(matches, key).iter();
        // Whatever it is, it is there.
        let text = |matching| match header(matching) {
            any if any.ends_with(" regex:.*") => any.replace("regex:.*", "present"),
            other => other,
        };
        set(all.map(|matching| format!("{mark}[{}]", text(matching))))
    };
    fields(&[
        format!("{word}={path}"),
        if any_case {
            "ignore-case".to_owned()
        } else {
            String::new()
        },
        conditions("headers", ""),
        conditions("queryParameters", "?"),
    ])
}

fn respond(response: &Value) -> String {
    let body = response.get("body").map(|body| match body.get("inlineString") {
        Some(text) => text.to_string(),
        None => body.to_string(),
    });
    fields(&[
        format!("respond={}", text(response, "status")),
        field("body", body),
    ])
}

fn redirect(redirect: &Value) -> String {
    let status = match text(redirect, "responseCode").as_str() {
        "" | "MOVED_PERMANENTLY" => 301,
        "FOUND" => 302,
        "SEE_OTHER" => 303,
        "TEMPORARY_REDIRECT" => 307,
        "PERMANENT_REDIRECT" => 308,
        other => panic!("{other} is no redirection that is known"),
    };
    fields(&[
        format!("redirect={status}"),
        field("scheme", redirect["schemeRedirect"].as_str()),
        field("host", redirect["hostRedirect"].as_str()),
        field("port", redirect["portRedirect"].as_u64()),
        field("path", path(redirect, "prefixRewrite")),
        field("strip-query", redirect["stripQuery"].as_bool()),
    ])
}

fn fault(fault: &Value) -> String {
    let delay = at(fault, "delay");
    let abort = at(fault, "abort");
    let delay = millis(delay, "fixedDelay")
        .map(|span| format!("delay={span}ms:{}", millionths(at(delay, "percentage"))));
    let abort = (!abort.is_null()).then(|| {
        let kind = match abort["grpcStatus"].as_u64() {
            Some(code) => format!("grpc-{code}"),
            None => text(abort, "httpStatus"),
        };
        format!("abort={kind}:{}", millionths(at(abort, "percentage")))
    });
    list(delay.into_iter().chain(abort))
}

/// Envoy passes preflights of other origins on where nothing else is said.
fn cors(cors: &Value) -> String {
    if cors.is_null() {
        return String::new();
    }
    let origins = items(cors, "allowOriginStringMatch").iter().map(string);
    let said = |name: &str, key: &str| field(name, cors[key].as_str());
    let all = fields(&[
        format!("origins={}", set(origins)),
        said("methods", "allowMethods"),
        said("headers", "allowHeaders"),
        said("expose", "exposeHeaders"),
        said("max-age", "maxAge"),
        field("credentials", cors["allowCredentials"].as_bool()),
        field(
            "pass-on",
            Some(cors["forwardNotMatchingPreflights"] != Value::Bool(false)),
        ),
    ]);
    format!("cors({all})")
}
