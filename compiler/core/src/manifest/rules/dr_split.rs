use std::collections::BTreeMap;

use super::index::{Index, NETWORKING, service_name};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;

/// Of several DestinationRules for one host, the first one's `trafficPolicy` counts; the oldest is the first (istio,
/// pilot/pkg/model/destination_rule.go).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<(String, &str), (&Object, Spanned<String>)> = BTreeMap::new();
    for rule in index.kind(NETWORKING, "DestinationRule") {
        let selects = rule.entry(&["spec", "workloadSelector"]).is_some();
        let Some(host) = rule.text(&["spec", "host"]).filter(|_| !selects) else {
            continue;
        };
        let key = match service_name(&host.value, rule.namespace()) {
            Some((name, namespace)) => format!("{name}.{namespace}"),
            None => host.value.clone(),
        };
        let Some((first, place)) = seen.get(&(key.clone(), rule.namespace())) else {
            seen.insert((key, rule.namespace()), (rule, host));
            continue;
        };
        let policy = |rule: &Object| rule.entry(&["spec", "trafficPolicy"]).map(|entry| entry.key.span);
        let what = match (policy(first), policy(rule)) {
            (Some(_), Some(_)) => "its `trafficPolicy` is dropped, and only its `subsets` are added",
            _ => "which of them counts depends on their ages",
        };
        let message = format!("`{}` has a DestinationRule already: {what}", host.value);
        sink.push(
            Diagnostic::new(&code::RULE_SPLIT, host.span, message)
                .here(format!("again in `{}`", rule.name.value))
                .label(place.span, format!("first in `{}`", first.name.value))
                .help("write both into one DestinationRule"),
        );
    }
}
