//! AuthorizationPolicies, as they are evaluated (Istio `security/authorization`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern;

/// What a policy does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Allow,
    Deny,
}

/// A policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Policy {
    pub(super) action: Action,
    pub(super) rules: Vec<Rule>,
}

/// All of it has to hold: one of each list of alternatives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    from: Vec<Vec<Condition>>,
    to: Vec<Vec<Condition>>,
    when: Vec<Condition>,
}

/// What is asked of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) values: Vec<String>,
    pub(super) none: Vec<String>,
}

/// A request or connection, by its attributes; what it has not is not there.
pub(super) type Request<'a> = BTreeMap<&'a str, &'a str>;

/// Fields of `source` and `operation`, and the attributes that they are about.
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

impl Policy {
    /// Of a normal form; `None` for what refuses nothing and lets nothing in: audits, dry runs, and what is decided
    /// elsewhere.
    pub(super) fn of(normal: &Value) -> Option<Self> {
        let action = match normal.pointer("/spec/action").and_then(Value::as_str) {
            None | Some("ALLOW") => Action::Allow,
            Some("DENY") => Action::Deny,
            Some(_) => return None,
        };
        let dry_run = normal
            .pointer("/annotations/istio.io~1dry-run")
            .and_then(Value::as_str);
        if dry_run == Some("true") {
            return None;
        }
        let rules = normal.pointer("/spec/rules").and_then(Value::as_array);
        let rules = rules.into_iter().flatten().map(Rule::of).collect();
        Some(Self { action, rules })
    }

    /// One of its rules takes the request.
    pub(super) fn takes(&self, request: &Request<'_>, has_requests: bool) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.takes(self.action, request, has_requests))
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.rules.iter().flat_map(|rule| {
            let listed = rule.from.iter().chain(&rule.to).flatten();
            listed.chain(&rule.when)
        })
    }
}

impl Rule {
    fn of(rule: &Value) -> Self {
        let alternatives = |list: &str, inner: &str, fields: &[(&str, &str, &str)]| {
            let entries = rule.get(list).and_then(Value::as_array).into_iter().flatten();
            let of = |entry: &Value| conditions(entry.get(inner).unwrap_or(&Value::Null), fields);
            entries.map(of).collect::<Vec<_>>()
        };
        let when = rule.get("when").and_then(Value::as_array).into_iter().flatten();
        Self {
            from: alternatives("from", "source", SOURCE),
            to: alternatives("to", "operation", OPERATION),
            when: when
                .map(|when| Condition {
                    key: when
                        .get("key")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                    values: texts(when.get("values")),
                    none: texts(when.get("notValues")),
                })
                .collect(),
        }
    }

    /// Connections without requests: a rule to allow that asks for requests never holds, a rule to deny leaves out
    /// what it asks of them (Istio `authz/model`).
    fn takes(&self, action: Action, request: &Request<'_>, has_requests: bool) -> bool {
        let holds = |condition: &Condition| {
            if !has_requests && is_of_requests(&condition.key) {
                return action == Action::Deny;
            }
            condition.holds(request)
        };
        let one = |alternatives: &[Vec<Condition>]| {
            alternatives.is_empty() || alternatives.iter().any(|all| all.iter().all(holds))
        };
        one(&self.from) && one(&self.to) && self.when.iter().all(holds)
    }
}

impl Condition {
    fn holds(&self, request: &Request<'_>) -> bool {
        let value = request.get(self.key.as_str()).copied();
        let is = |pattern: &String| value.is_some_and(|value| pattern::takes(&self.key, pattern, value));
        (self.values.is_empty() || self.values.iter().any(is)) && !self.none.iter().any(is)
    }
}

/// Only requests of HTTP have it.
pub(super) fn is_of_requests(key: &str) -> bool {
    key.starts_with("request.") || key == "remote.ip"
}

fn conditions(entry: &Value, fields: &[(&str, &str, &str)]) -> Vec<Condition> {
    let mut found = Vec::new();
    for (any, none, key) in fields {
        let (values, none) = (texts(entry.get(any)), texts(entry.get(none)));
        if !values.is_empty() || !none.is_empty() {
            let key = (*key).to_owned();
            found.push(Condition { key, values, none });
        }
    }
    found
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
