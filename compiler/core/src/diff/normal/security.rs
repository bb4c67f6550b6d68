use serde_json::{Map, Value, json};

use super::text::sort;
use super::{below, list, remove, set, without_default};

/// Fields of `source` and `operation`, and the attributes that they are about, by Istio's names for conditions.
const SOURCE: &[(&str, &str, &str)] = &[
    ("principals", "notPrincipals", "source.principal"),
    (
        "requestPrincipals",
        "notRequestPrincipals",
        "request.auth.principal",
    ),
    ("namespaces", "notNamespaces", "source.namespace"),
    ("serviceAccounts", "notServiceAccounts", "source.serviceAccount"),
    ("ipBlocks", "notIpBlocks", "source.ip"),
    ("remoteIpBlocks", "notRemoteIpBlocks", "remote.ip"),
];
const OPERATION: &[(&str, &str, &str)] = &[
    ("hosts", "notHosts", "request.host"),
    ("methods", "notMethods", "request.method"),
    ("paths", "notPaths", "request.path"),
    ("ports", "notPorts", "destination.port"),
];

/// More combinations of one rule than anybody writes.
const MOST: usize = 1024;

/// The `spec` of an AuthorizationPolicy: its rules are a set. Each becomes conditions by attribute that all have to
/// hold, wherever they are said; one with several sources or operations becomes one for each pair of them.
pub(super) fn authorization(spec: &mut Value) {
    without_default(spec, "action", &json!("ALLOW"));
    if let Some(rules) = spec.get_mut("rules").and_then(Value::as_array_mut) {
        let mut flat: Vec<Value> = rules.iter().flat_map(self::rules).collect();
        sort(&mut flat);
        *rules = flat;
    }
}

fn rules(rule: &Value) -> Vec<Value> {
    let none = [json!({})];
    let entries = |key: &str| {
        rule.get(key)
            .and_then(Value::as_array)
            .filter(|list| !list.is_empty())
    };
    let from = entries("from").map_or(&none[..], Vec::as_slice);
    let to = entries("to").map_or(&none[..], Vec::as_slice);
    if from.len().saturating_mul(to.len()) > MOST {
        return vec![rule.clone()];
    }
    let when = entries("when").map_or(&[][..], Vec::as_slice);
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
    let flat = |(from, to): (&Value, &Value)| {
        let mut conditions = Map::new();
        for (entry, fields) in [(from.get("source"), SOURCE), (to.get("operation"), OPERATION)] {
            for (any, none, key) in fields {
                let of = |name: &str| entry.and_then(|entry| entry.get(name));
                put(&mut conditions, key, of(any), of(none));
            }
        }
        for when in when {
            let key = when.get("key").and_then(Value::as_str).unwrap_or_default();
            put(&mut conditions, key, when.get("values"), when.get("notValues"));
        }
        Value::Object(conditions)
    };
    pairs.map(flat).collect()
}

/// A condition; a second one on the same attribute stands beside the first.
fn put(conditions: &mut Map<String, Value>, key: &str, values: Option<&Value>, none: Option<&Value>) {
    let texts = |list: Option<&Value>| {
        let mut items = list.and_then(Value::as_array).cloned().unwrap_or_default();
        sort(&mut items);
        items
    };
    let mut condition = Map::new();
    for (word, items) in [("values", texts(values)), ("notValues", texts(none))] {
        if !items.is_empty() {
            condition.insert(word.to_owned(), Value::from(items));
        }
    }
    if condition.is_empty() {
        return;
    }
    let condition = Value::Object(condition);
    let mut name = key.to_owned();
    while conditions.get(&name).is_some_and(|there| *there != condition) {
        name.push(' ');
    }
    conditions.insert(name, condition);
}

/// The `spec` of a PeerAuthentication.
pub(super) fn peers(spec: &mut Value) {
    below(spec, "mtls", |mtls| {
        without_default(mtls, "mode", &json!("UNSET"));
    });
    below(spec, "portLevelMtls", |ports| {
        for mode in ports
            .as_object_mut()
            .into_iter()
            .flat_map(|ports| ports.values_mut())
        {
            without_default(mode, "mode", &json!("UNSET"));
        }
    });
}

/// The `spec` of a RequestAuthentication.
pub(super) fn tokens(spec: &mut Value) {
    set(spec, "jwtRules", |rule| {
        for key in [
            "audiences",
            "fromParams",
            "fromCookies",
            "spaceDelimitedClaims",
            "outputClaimToHeaders",
        ] {
            set(rule, key, |_| ());
        }
        list(rule, "fromHeaders", |header| {
            without_default(header, "prefix", &json!(""));
        });
        without_default(rule, "forwardOriginalToken", &json!(false));
        if let Some(old) = remove(rule, "jwks_uri") {
            rule["jwksUri"] = old;
        }
    });
}
