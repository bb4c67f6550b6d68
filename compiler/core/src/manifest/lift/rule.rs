use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::tree::Tree;
use crate::diag::{Span, Spanned};
use crate::syntax::Datum;

/// What is asked of one attribute.
#[derive(Clone)]
pub(super) struct Condition {
    key: Spanned<String>,
    values: Vec<Spanned<String>>,
    none: Vec<Spanned<String>>,
}

/// Fields of `source` and `operation`, what they are called in the language, and as conditions.
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
    ("hosts", "notHosts", "hosts"),
    ("methods", "notMethods", "methods"),
    ("paths", "notPaths", "paths"),
    ("ports", "notPorts", "ports"),
];

/// The conditions of a rule; of one with several sources or operations, those of each pair.
pub(super) fn flat(rule: &Datum) -> Result<Vec<Vec<Condition>>, Unsaid> {
    let mut fields = Fields::of(rule, "rules")?;
    let from = alternatives(&mut fields, "from", "source", SOURCE)?;
    let to = alternatives(&mut fields, "to", "operation", OPERATION)?;
    let mut when = Vec::new();
    for one in fields.items("when") {
        let mut one = Fields::of(one, "when")?;
        let Some(key) = one.text("key") else {
            return Err(Unsaid::new("a condition has no key", one.span()));
        };
        let values = one.items("values").iter().filter_map(Datum::text).collect();
        let none = one.texts("notValues")?;
        one.done()?;
        when.push(Condition { key, values, none });
    }
    fields.done()?;
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
    Ok(pairs
        .map(|(from, to)| from.iter().chain(to).chain(&when).cloned().collect())
        .collect())
}

fn alternatives(
    fields: &mut Fields<'_>,
    list: &'static str,
    inner: &str,
    words: &[(&str, &str, &str)],
) -> Result<Vec<Vec<Condition>>, Unsaid> {
    let mut found = Vec::new();
    for entry in fields.items(list) {
        let mut entry = Fields::of(entry, list)?;
        let mut conditions = Vec::new();
        if let Some(mut own) = entry.inner(inner)? {
            for (any, none, key) in words {
                let (values, none) = (own.texts(any)?, own.texts(none)?);
                if let Some(first) = values.first().or(none.first()) {
                    let key = Spanned {
                        value: (*key).to_owned(),
                        span: first.span,
                    };
                    conditions.push(Condition { key, values, none });
                }
            }
            own.done()?;
        }
        entry.done()?;
        found.push(conditions);
    }
    if found.is_empty() {
        found.push(Vec::new());
    }
    Ok(found)
}

/// A rule in the words of the language.
pub(super) fn rule(
    tree: &Tree,
    namespace: &str,
    word: &str,
    span: Span,
    mut conditions: Vec<Condition>,
) -> Result<Draft, Unsaid> {
    let mut draft = Draft::new(word, span);
    let mut when = Vec::new();
    // One `from` holds accounts and namespaces alike, and one of them is enough.
    let principals = conditions.iter().any(|one| one.key.value == "source.principal");
    conditions.sort_by_key(|one| rank(&one.key.value));
    for condition in conditions {
        let taken = match condition.key.value.as_str() {
            "source.principal" if !draft.says("from") && !draft.says("not-from") => {
                callers(tree, namespace, &mut draft, &condition, caller)
            }
            "source.namespace" if !principals && !draft.says("from") && !draft.says("not-from") => {
                callers(tree, namespace, &mut draft, &condition, everybody_of)
            }
            "request.auth.principal" => lists(&mut draft, "jwt", &condition),
            "source.ip" => lists(&mut draft, "from-ip", &condition),
            "remote.ip" => lists(&mut draft, "remote-ip", &condition),
            word @ ("hosts" | "methods" | "paths" | "ports") => lists(&mut draft, word, &condition),
            _ => false,
        };
        if !taken {
            when.push(condition);
        }
    }
    for condition in when {
        if ["hosts", "methods", "paths", "ports"].contains(&condition.key.value.as_str()) {
            return Err(Unsaid::new(
                "two conditions are about the same",
                condition.key.span,
            ));
        }
        let mut own = Draft::new("when", condition.key.span).word(&condition.key);
        own = condition.values.iter().fold(own, Draft::word);
        draft.push(own.list("not", &condition.none));
    }
    Ok(draft)
}

fn rank(key: &str) -> usize {
    const ORDER: &[&str] = &[
        "source.principal",
        "source.namespace",
        "request.auth.principal",
        "methods",
        "paths",
        "hosts",
        "ports",
    ];
    ORDER
        .iter()
        .position(|known| *known == key)
        .unwrap_or(ORDER.len())
}

fn lists(draft: &mut Draft, word: &str, condition: &Condition) -> bool {
    let not = format!("not-{word}");
    if draft.says(word) || draft.says(&not) {
        return false;
    }
    // By comma: none may hold one.
    if condition.values.iter().any(|value| value.value.contains(',')) {
        return false;
    }
    draft.put_list(word, &condition.values);
    draft.put_list(&not, &condition.none);
    true
}

/// `from=` and `not-from=`, if all can be said so.
fn callers(
    tree: &Tree,
    namespace: &str,
    draft: &mut Draft,
    condition: &Condition,
    say: fn(&Tree, &str, &str) -> Option<String>,
) -> bool {
    let said = |list: &[Spanned<String>]| -> Option<Vec<Spanned<String>>> {
        let one = |text: &Spanned<String>| {
            Some(Spanned {
                value: say(tree, namespace, &text.value)?,
                span: text.span,
            })
        };
        list.iter().map(one).collect()
    };
    let (Some(any), Some(none)) = (said(&condition.values), said(&condition.none)) else {
        return false;
    };
    draft.put_list("from", &any);
    draft.put_list("not-from", &none);
    true
}

/// An account, by its name where it is one of the spec.
fn caller(tree: &Tree, home: &str, principal: &str) -> Option<String> {
    if principal == "*" {
        return Some("*".to_owned());
    }
    if principal.starts_with('*') {
        return None;
    }
    let whole = Some(format!("spiffe://{principal}"));
    let own = tree
        .index
        .mesh
        .trust_domain
        .as_ref()
        .map_or("cluster.local", |domain| domain.value.as_str());
    let Some((domain, rest)) = principal.split_once("/ns/") else {
        return whole;
    };
    let Some((namespace, account)) = rest.split_once("/sa/") else {
        return whole;
    };
    if domain != own || account.contains('*') || namespace.contains('*') {
        return whole;
    }
    let services = tree.namespaces.get(namespace).map(|all| &all.services);
    let service = services
        .and_then(|services| services.get(account))
        .filter(|found| !found.external);
    let known = match service {
        Some(service) => service.account == account,
        None => {
            tree.index.has_account(namespace, account)
                || services.is_some_and(|all| all.values().any(|service| service.account == account))
        }
    };
    match (known, namespace == home) {
        (true, true) => Some(account.to_owned()),
        (true, false) => Some(format!("{namespace}/{account}")),
        (false, _) => whole,
    }
}

/// Everybody of a namespace that the spec has.
fn everybody_of(tree: &Tree, _: &str, namespace: &str) -> Option<String> {
    tree.namespaces
        .contains_key(namespace)
        .then(|| format!("{namespace}/*"))
}
