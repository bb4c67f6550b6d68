use serde_json::Value;

use crate::facts::{combined, items, text};

/// Policies of an RBAC filter, by name.
pub(crate) fn policies(rbac: &Value) -> Vec<(String, String)> {
    let rules = crate::facts::at(rbac, "rules");
    let action = match text(rules, "action").as_str() {
        "" | "ALLOW" => "allow",
        "DENY" => "deny",
        _ => "audit",
    };
    let all = crate::facts::at(rules, "policies").as_object();
    let policy =
        |(name, policy): (&String, &Value)| (name.clone(), format!("{action} {}", self::policy(policy)));
    all.into_iter().flatten().map(policy).collect()
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
        _ => format!("{condition}"),
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
    format!("{invert}{} {matching}", text(value, "name"))
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
