//! What AuthorizationPolicies say.

use super::index::{Index, ROOT, SECURITY};
use super::workload::{Service, is_subset};
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::Datum;

/// All policies.
pub(super) fn policies<'a>(index: &Index<'a>) -> impl Iterator<Item = &'a Object> {
    index.kind(SECURITY, "AuthorizationPolicy")
}

/// The rules of a policy.
pub(super) fn rules(policy: &Object) -> &[Datum] {
    policy.items(&["spec", "rules"])
}

/// What `from` of a rule names, by these keys.
pub(super) fn sources(rule: &Datum, keys: &[&str]) -> Vec<Spanned<String>> {
    parts(rule, "from", "source", keys)
}

/// What `to` of a rule names, by these keys.
pub(super) fn operations(rule: &Datum, keys: &[&str]) -> Vec<Spanned<String>> {
    parts(rule, "to", "operation", keys)
}

fn parts(rule: &Datum, list: &str, inner: &str, keys: &[&str]) -> Vec<Spanned<String>> {
    let parts = rule
        .at(&[list])
        .map_or(&[][..], Datum::items)
        .iter()
        .filter_map(|part| part.at(&[inner]));
    let values = parts.flat_map(|part| {
        keys.iter()
            .filter_map(|key| part.at(&[key]))
            .flat_map(Datum::items)
    });
    values.filter_map(Datum::text).collect()
}

/// The services in front of what a policy is for.
pub(super) fn services<'i, 'a>(index: &'i Index<'a>, policy: &'i Object) -> Vec<&'i Service<'a>> {
    let about = |service: &&Service<'_>| is_about(index, policy, service);
    let namespace = policy.namespace();
    let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
    let Some(label) = selector.first() else {
        let all = index.services().iter();
        let home = |service: &&Service<'_>| namespace == ROOT || service.object.namespace() == namespace;
        return all.filter(home).filter(about).collect();
    };
    if namespace == ROOT {
        return index.services().iter().filter(about).collect();
    }
    let own = index.with_selector(namespace, label).into_iter().filter(about);
    let behind = index.with_labels(namespace, &selector).into_iter();
    let mut found: Vec<_> = own
        .chain(behind.flat_map(|workload| index.selecting(workload)))
        .collect();
    found.sort_by_key(|service| service.object.span);
    found.dedup_by_key(|service| service.object.span);
    found
}

/// A policy is for something that a service finds.
fn is_about(index: &Index<'_>, policy: &Object, service: &Service<'_>) -> bool {
    let home = policy.namespace() == ROOT || service.object.namespace() == policy.namespace();
    if !home || service.selector.is_empty() {
        return false;
    }
    let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
    selector.is_empty()
        || is_subset(&selector, &service.selector)
        || index
            .selected(service)
            .iter()
            .any(|workload| is_subset(&selector, &workload.labels))
}
