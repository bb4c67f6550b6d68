mod host;

use std::collections::BTreeMap;

use super::index::{Index, NETWORKING, service_name};
use super::routes::destinations;
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A version that a route leads to is one of a DestinationRule for the host, where there is one; a gateway that is written
/// much like one that is there is that one; and the host is there, where all are known.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    host::check(index, sink);
    // What a later file overwrites may be what is meant: files beside each other are alternatives.
    let mut rules = Rules::new();
    for rule in index
        .written()
        .iter()
        .filter(|object| object.is(NETWORKING, "DestinationRule"))
    {
        if let Some(host) = rule.text(&["spec", "host"]) {
            rules
                .entry(full(&host.value, rule.namespace()))
                .or_default()
                .push(rule);
        }
    }
    for route in index.kind(NETWORKING, "VirtualService") {
        for destination in destinations(route) {
            if let (Some(host), Some(subset)) =
                (destination.field_text("host"), destination.field_text("subset"))
            {
                version(&host, &subset, route, &rules, sink);
            }
        }
        for name in route.items(&["spec", "gateways"]).iter().filter_map(Datum::text) {
            gateway(&name, route, index, sink);
        }
    }
}

/// DestinationRules by their hosts.
type Rules<'a> = BTreeMap<String, Vec<&'a Object>>;

/// One name for one host, however it is written.
fn full(host: &str, namespace: &str) -> String {
    service_name(host, namespace).map_or_else(
        || host.to_owned(),
        |(name, namespace)| format!("{name}.{namespace}"),
    )
}

fn version(
    host: &Spanned<String>,
    subset: &Spanned<String>,
    route: &Object,
    rules: &Rules<'_>,
    sink: &mut Sink,
) {
    let own = rules.get(&full(&host.value, route.namespace()));
    // A rule for `*` may be about it as well.
    let wide = rules
        .range("*".to_owned()..)
        .take_while(|(host, _)| host.starts_with('*'));
    let rules: Vec<_> = own
        .into_iter()
        .chain(wide.map(|(_, rules)| rules))
        .flatten()
        .collect();
    let names: Vec<_> = rules
        .iter()
        .flat_map(|rule| rule.items(&["spec", "subsets"]))
        .filter_map(|subset| subset.field_text("name"))
        .map(|name| name.value)
        .collect();
    let Some(rule) = rules.iter().find(|_| !names.contains(&subset.value)) else {
        return;
    };
    let message = format!(
        "no DestinationRule for `{}` has a version `{}`: requests get 503",
        host.value, subset.value
    );
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, subset.span, message)
        .label(rule.name.span, "this is for the host");
    let known = || names.iter().map(String::as_str);
    sink.push(match did_you_mean(&subset.value, known()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(Fix::meant(subset.span, &subset.value, known())),
        None if names.is_empty() => found.help(format!(
            "add it to `spec.subsets`: {{name: {}, labels: …}}",
            subset.value
        )),
        None => found.help(format!("write {}, or add it to `spec.subsets`", list(known()))),
    });
}

fn gateway(name: &Spanned<String>, route: &Object, index: &Index<'_>, sink: &mut Sink) {
    if name.value == "mesh" {
        return;
    }
    let (namespace, own) = name
        .value
        .split_once('/')
        .unwrap_or((route.namespace(), &name.value));
    let all = || {
        index
            .kind(NETWORKING, "Gateway")
            .filter(|gateway| gateway.namespace() == namespace)
    };
    if all().any(|gateway| gateway.name.value == own) {
        return;
    }
    let near = did_you_mean(own, all().map(|gateway| gateway.name.value.as_str()));
    if let Some(near) = near.filter(|near| strsim::damerau_levenshtein(near, own) <= 2) {
        let message = format!("namespace `{namespace}` has no Gateway `{own}`");
        sink.push(
            Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message)
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
        );
    }
}
