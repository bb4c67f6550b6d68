use std::collections::BTreeSet;

use serde_json::Value;

use crate::reference::facts::{at, combined, items, text};

/// An RBAC filter: its action, whether what none of its policies matches is refused, and its policies by name.
pub(crate) struct Rbac {
    pub(crate) action: &'static str,
    pub(crate) closes: bool,
    pub(crate) policies: Vec<(String, String)>,
}

/// What a filter enforces, and what it would do in a dry run.
pub(crate) fn rbac(filter: &Value) -> Vec<Rbac> {
    [("rules", ""), ("shadowRules", "dry-run ")]
        .iter()
        .filter_map(|(key, word)| Some(rules(filter.get(key)?, word)))
        .collect()
}

fn rules(rules: &Value, word: &str) -> Rbac {
    let action = match text(rules, "action").as_str() {
        "" | "ALLOW" => "allow",
        "DENY" => "deny",
        "LOG" => "audit",
        other => panic!("{other} is no action that is known"),
    };
    let all = at(rules, "policies").as_object();
    let policy = |(name, policy): (&String, &Value)| {
        let value = format!("{word}{action} {}", self::policy(policy));
        (name.clone(), value)
    };
    Rbac {
        action,
        closes: action == "allow" && word.is_empty(),
        policies: all.into_iter().flatten().map(policy).collect(),
    }
}

fn policy(policy: &Value) -> String {
    let permissions = items(policy, "permissions").iter().map(condition).collect();
    let principals = items(policy, "principals").iter().map(condition).collect();
    format!(
        "{} by {}",
        combined("any-of", permissions),
        combined("any-of", principals)
    )
}

/// Permissions and principals are written alike: an object with one key.
fn condition(condition: &Value) -> String {
    let Some((key, value)) = condition.as_object().and_then(|object| object.iter().next()) else {
        return format!("{condition}");
    };
    let each = |path: &str| items(value, path).iter().map(self::condition).collect();
    match key.as_str() {
        "any" => "any".to_owned(),
        "andRules" => combined("all-of", each("rules")),
        "orRules" => combined("any-of", each("rules")),
        "andIds" => combined("all-of", each("ids")),
        "orIds" => combined("any-of", each("ids")),
        "notRule" | "notId" => format!("not({})", self::condition(value)),
        "destinationPort" => format!("port={value}"),
        "destinationIp" => format!("destination={}", net(value)),
        "directRemoteIp" => format!("direct-remote={}", net(value)),
        "remoteIp" => format!("remote={}", net(value)),
        "requestedServerName" => format!("sni {}", string(value)),
        "header" => header(value),
        "urlPath" => format!("path {}", string(&value["path"])),
        "authenticated" if value.get("principalName").is_none() => "authenticated".to_owned(),
        "authenticated" => format!("authenticated {}", string(&value["principalName"])),
        "metadata" => metadata(value),
        "uriTemplate" => format!("path template:{}", text(value, "typedConfig/pathTemplate")),
        _ => format!("{condition}"),
    }
}

/// Whether a value itself is asked for, one of a list or either is not told apart: ours looks into lists wherever
/// there are some.
fn metadata(value: &Value) -> String {
    let path = items(value, "path").iter().map(|step| text(step, "key"));
    let path = path.collect::<Vec<_>>().join(".");
    let asked = values(&value["value"]).into_iter();
    let each = asked.map(|asked| format!("metadata {}/{path} {asked}", text(value, "filter")));
    combined("any-of", each.collect())
}

/// What a ValueMatcher takes.
fn values(matcher: &Value) -> BTreeSet<String> {
    if let Some(list) = matcher.get("listMatch") {
        return values(&list["oneOf"]);
    }
    match matcher.get("stringMatch") {
        Some(matching) => BTreeSet::from([string(matching)]),
        None => items(matcher, "orMatch/valueMatchers")
            .iter()
            .flat_map(values)
            .collect(),
    }
}

fn net(value: &Value) -> String {
    format!("{}/{}", text(value, "addressPrefix"), text(value, "prefixLen"))
}

pub(crate) fn header(value: &Value) -> String {
    let invert = if value["invertMatch"] == Value::Bool(true) {
        "not "
    } else {
        ""
    };
    let matching = match value
        .get("stringMatch")
        .or_else(|| value.get("safeRegexMatch").map(|_| value))
    {
        Some(matching) => string(matching),
        None => "present".to_owned(),
    };
    format!("{invert}{} {matching}", text(value, "name").to_lowercase())
}

/// A StringMatcher.
pub(crate) fn string(value: &Value) -> String {
    let kinds = [
        ("exact", "exact"),
        ("prefix", "prefix"),
        ("suffix", "suffix"),
        ("contains", "contains"),
    ];
    let plain = kinds.iter().find(|(key, _)| value.get(key).is_some());
    let matching = match plain {
        Some((key, word)) => format!("{word}:{}", text(value, key)),
        None => format!(
            "regex:{}{}",
            text(value, "safeRegex/regex"),
            text(value, "safeRegexMatch/regex")
        ),
    };
    if value["ignoreCase"] == Value::Bool(true) {
        format!("ignore-case {matching}")
    } else {
        matching
    }
}
