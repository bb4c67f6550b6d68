//! The callers and the kinds of requests that rules tell apart.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern;
use super::policy::{Policy, is_of_requests};

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// For people.
    pub(super) label: String,
    /// The identity behind `spiffe://`; `None` without a certificate.
    pub(super) principal: Option<String>,
    pub(super) namespace: Option<String>,
    /// `NAMESPACE/ACCOUNT`.
    pub(super) account: Option<String>,
}

/// A kind of request or connection: values of the attributes that rules ask for.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) values: BTreeMap<String, String>,
    /// For people, by attribute.
    labels: BTreeMap<String, String>,
}

/// The account of somebody whom no rule names.
const OTHER: &str = "\u{1}";
const UNSAID: &str = "anything else";

/// Everybody whom a rule names, somebody else of each namespace that one names, somebody of the mesh whom none names,
/// and, where they are heard, somebody without a certificate.
pub(super) fn callers(policies: &[&Policy], plaintext: bool) -> Vec<Caller> {
    let mut principals: BTreeSet<String> = BTreeSet::new();
    let mut namespaces: BTreeSet<String> = BTreeSet::new();
    let mut domain = None;
    for condition in policies.iter().flat_map(|policy| policy.conditions()) {
        let named = condition.values.iter().chain(&condition.none);
        match condition.key.as_str() {
            "source.principal" => principals.extend(named.cloned()),
            "source.namespace" => namespaces.extend(named.cloned()),
            "source.serviceAccount" => {
                let whole = named.map(|name| match name.split_once('/') {
                    Some((namespace, account)) => format!("cluster.local/ns/{namespace}/sa/{account}"),
                    None => format!("*/sa/{name}"),
                });
                principals.extend(whole);
            }
            _ => {}
        }
    }
    let mut callers = Vec::new();
    for pattern in principals.iter().filter(|pattern| *pattern != "*") {
        let principal = pattern::example("source.principal", pattern);
        let parts = split(&principal);
        domain = domain.or_else(|| parts.map(|(domain, ..)| domain.to_owned()));
        if let Some((_, namespace, _)) = parts.filter(|_| !pattern.contains('*')) {
            namespaces.insert(namespace.to_owned());
        }
        callers.push(caller(short(pattern), principal));
    }
    let domain = domain.unwrap_or_else(|| "cluster.local".to_owned());
    for pattern in &namespaces {
        let namespace = pattern::example("source.namespace", pattern);
        let others = format!("{domain}/ns/{namespace}/sa/{OTHER}");
        callers.push(caller(format!("any other account of {pattern}"), others));
    }
    callers.push(caller(
        "any other account".to_owned(),
        format!("{domain}/ns/{OTHER}/sa/{OTHER}"),
    ));
    if plaintext {
        callers.push(Caller {
            label: "callers without a certificate".to_owned(),
            principal: None,
            namespace: None,
            account: None,
        });
    }
    callers
}

fn caller(label: String, principal: String) -> Caller {
    let parts = split(&principal);
    let namespace = parts.map(|(_, namespace, _)| namespace.to_owned());
    let account = parts.map(|(_, namespace, account)| format!("{namespace}/{account}"));
    Caller {
        label,
        principal: Some(principal),
        namespace,
        account,
    }
}

/// Trust domain, namespace and account.
fn split(principal: &str) -> Option<(&str, &str, &str)> {
    let (domain, rest) = principal.split_once("/ns/")?;
    let (namespace, account) = rest.split_once("/sa/")?;
    Some((domain, namespace, account))
}

/// `NAMESPACE/ACCOUNT`, where that is all there is to it.
fn short(pattern: &str) -> String {
    split(pattern).map_or_else(
        || pattern.to_owned(),
        |(_, namespace, account)| format!("{namespace}/{account}"),
    )
}

/// Every combination of values of what rules ask of requests; at most so many, and whether those are all.
pub(super) fn requests(policies: &[&Policy], has_requests: bool, most: usize) -> (Vec<Kind>, bool) {
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for condition in policies.iter().flat_map(|policy| policy.conditions()) {
        let key = condition.key.as_str();
        let of_callers = ["source.principal", "source.namespace", "source.serviceAccount"].contains(&key);
        let seen = has_requests || !is_of_requests(key);
        // The port is that of the target.
        if of_callers || !seen || key == "destination.port" {
            continue;
        }
        let named = condition.values.iter().chain(&condition.none).map(String::as_str);
        asked.entry(key).or_default().extend(named);
    }
    let mut whole = true;
    let mut kinds = vec![Kind {
        values: BTreeMap::new(),
        labels: BTreeMap::new(),
    }];
    for (key, patterns) in asked {
        let named = patterns
            .iter()
            .map(|pattern| (pattern::example(key, pattern), (*pattern).to_owned()));
        let values: Vec<_> = named
            .chain([(pattern::other(key).to_owned(), UNSAID.to_owned())])
            .collect();
        let more = kinds.iter().flat_map(|kind| {
            values.iter().map(move |(value, label)| {
                let mut kind = kind.clone();
                kind.values.insert(key.to_owned(), value.clone());
                kind.labels.insert(key.to_owned(), label.clone());
                kind
            })
        });
        let mut more: Vec<_> = more.take(most + 1).collect();
        whole &= more.len() <= most;
        more.truncate(most);
        kinds = more;
    }
    (kinds, whole)
}

/// The kinds `some` of `all`, as short as they can be said; everything is said by nothing.
pub(super) fn describe(some: &[&Kind], all: &[Kind]) -> Vec<String> {
    if some.len() == all.len() {
        return Vec::new();
    }
    let keys: Vec<&String> = all
        .first()
        .into_iter()
        .flat_map(|kind| kind.labels.keys())
        .collect();
    let tuple = |kind: &Kind, keys: &[&String]| -> Vec<String> {
        keys.iter().map(|key| kind.labels[*key].clone()).collect()
    };
    let chosen: BTreeSet<_> = some.iter().map(|kind| tuple(kind, &keys)).collect();
    let outside: Vec<_> = all
        .iter()
        .filter(|kind| !chosen.contains(&tuple(kind, &keys)))
        .collect();
    // What makes no difference is not said.
    let mut telling = keys.clone();
    for key in &keys {
        let rest: Vec<&String> = telling.iter().copied().filter(|other| other != key).collect();
        let inside: BTreeSet<_> = some.iter().map(|kind| tuple(kind, &rest)).collect();
        if !outside.iter().any(|kind| inside.contains(&tuple(kind, &rest))) {
            telling = rest;
        }
    }
    // Values of the first that share all others are said together.
    let mut together: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for kind in some {
        let mut values = tuple(kind, &telling);
        let first = if values.is_empty() {
            String::new()
        } else {
            values.remove(0)
        };
        together.entry(values).or_default().insert(first);
    }
    let said = |(rest, first): (Vec<String>, BTreeSet<String>)| {
        let first = first.into_iter().collect::<Vec<_>>().join(", ");
        let values = std::iter::once(first).chain(rest);
        let said = telling.iter().zip(values).map(|(key, value)| one(key, &value));
        said.collect::<Vec<_>>().join(" and ")
    };
    together.into_iter().map(said).collect()
}

fn one(key: &str, value: &str) -> String {
    match key {
        "request.method" => format!("methods {value}"),
        "request.path" => format!("paths {value}"),
        "request.host" => format!("hosts {value}"),
        _ => format!("{key} {value}"),
    }
}
