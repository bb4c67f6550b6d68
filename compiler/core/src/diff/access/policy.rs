//! AuthorizationPolicies, as they are evaluated (Istio `security/authorization`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern;

/// What a policy does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Allow,
    Deny,
    /// An authorizer decides first, then the others.
    Ask,
}

/// A policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Policy {
    pub(super) action: Action,
    /// Whom [`Action::Ask`] asks.
    pub(super) authorizer: Option<String>,
    pub(super) rules: Vec<Rule>,
}

/// Conditions that all have to hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    conditions: Vec<Condition>,
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

impl Policy {
    /// Of a normal form; `None` for what refuses nothing and lets nothing in: audits and dry runs.
    pub(super) fn of(normal: &Value) -> Option<Self> {
        let action = match normal.pointer("/spec/action").and_then(Value::as_str) {
            None | Some("ALLOW") => Action::Allow,
            Some("DENY") => Action::Deny,
            Some("CUSTOM") => Action::Ask,
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
        let authorizer = normal.pointer("/spec/provider/name").and_then(Value::as_str);
        Some(Self {
            action,
            authorizer: authorizer.map(str::to_owned),
            rules,
        })
    }

    /// One of its rules takes the request.
    pub(super) fn takes(&self, request: &Request<'_>, has_requests: bool) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.takes(self.action, request, has_requests))
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.rules.iter().flat_map(|rule| &rule.conditions)
    }
}

impl Rule {
    /// Of a rule in its normal form: conditions by attribute.
    fn of(rule: &Value) -> Self {
        let fields = rule.as_object().into_iter().flatten();
        let condition = |(key, condition): (&String, &Value)| Condition {
            key: key.trim_end().to_owned(),
            values: texts(condition.get("values")),
            none: texts(condition.get("notValues")),
        };
        Self {
            conditions: fields.map(condition).collect(),
        }
    }

    /// Connections without requests: a rule to allow that asks for requests never holds, a rule to deny or to ask leaves
    /// out what it wants of them (Istio `authz/model`).
    fn takes(&self, action: Action, request: &Request<'_>, has_requests: bool) -> bool {
        self.conditions.iter().all(|condition| {
            if !has_requests && is_of_requests(&condition.key) {
                return action != Action::Allow;
            }
            condition.holds(request)
        })
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

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
