//! Names of AuthorizationPolicies.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Action, DEFAULT_POLICY, ROOT_NAMESPACE, Rule};
use crate::rules::Context;
use crate::rules::scope::places;

/// Whose rules a policy holds: rules of one place, action and kind share one.
type Owner = (String, Action, Option<String>, bool);

/// Two places, or two actions, whose rules would stand in one object.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<(String, String), (Owner, Span)> = BTreeMap::new();
    for place in places(context) {
        let namespace = place
            .decl
            .namespace
            .map_or(ROOT_NAMESPACE, |namespace| &namespace.name.value);
        let base = place.service.map_or(DEFAULT_POLICY, |service| &service.name);
        for rule in &place.access.rules {
            let name = rule.policy_name(base);
            let owner = (place.name(), rule.action, rule.authorizer.clone(), rule.dry_run);
            let key = (namespace.to_owned(), name.clone());
            match first.get(&key) {
                Some((before, span)) if *before != owner => sink.push(twice(&name, rule, *span)),
                Some(_) => {}
                None => _ = first.insert(key, (owner, rule.span)),
            }
        }
    }
}

fn twice(name: &str, rule: &Rule, before: Span) -> Diagnostic {
    let message = format!("the AuthorizationPolicy `{name}` would hold rules of two kinds");
    Diagnostic::new(&code::DUPLICATE, rule.span, message)
        .here("this one")
        .label(before, "and this one")
        .help("give one of them a `name=` of its own")
}
