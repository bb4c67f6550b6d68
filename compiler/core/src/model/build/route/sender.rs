use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean, list};
use crate::model::Sender;
use crate::model::build::{group, service};
use crate::spec::decl::{List, NamespaceDecl, RouteDecl, Routed, Spec};

/// The senders that each `match` of a route asks for, in the order of the matches.
pub(super) struct Senders(Vec<Vec<Sender>>);

impl Senders {
    /// Those of the match at `at`.
    pub(super) fn of(&self, at: usize) -> Vec<Sender> {
        self.0.get(at).cloned().unwrap_or_default()
    }
}

pub(super) fn all(owner: &Routed<'_>, decl: &RouteDecl, spec: &Spec, sink: &mut Sink) -> Senders {
    let mut of_match = |from: Option<&List>| {
        let names = from.map(|from| from.value.as_slice()).unwrap_or_default();
        let found = names
            .iter()
            .filter_map(|name| resolve(name, owner.namespace, spec, sink));
        let mut senders: Vec<_> = found.collect();
        senders.sort();
        senders.dedup();
        senders
    };
    let each = decl.matches.iter();
    Senders(each.map(|matching| of_match(matching.from.as_ref())).collect())
}

/// Services and groups of VMs by name, with the labels of their workloads.
fn workloads(namespace: &NamespaceDecl) -> Vec<(&str, BTreeMap<String, String>)> {
    let services = namespace.services.iter();
    let services = services.map(|decl| (decl.name.value.as_str(), service::selector(decl, namespace)));
    let groups = namespace.groups();
    let groups =
        groups.map(|(owner, vms)| (group::name(vms, owner), group::labels_of(vms, owner, namespace)));
    services.chain(groups).collect()
}

/// Istio tells senders by their labels: those of accounts, and of namespaces that the spec does not have, nobody knows.
fn resolve(text: &Spanned<String>, home: &NamespaceDecl, spec: &Spec, sink: &mut Sink) -> Option<Sender> {
    let unknown = |message: String| Diagnostic::new(&code::UNKNOWN_REFERENCE, text.span, message);
    if text.value == "*" || text.value.starts_with("spiffe://") {
        let message = format!(
            "routes know senders by the labels of their service, and `{}` has none",
            text.value
        );
        sink.push(unknown(message).help("name a service; without `from=` the route is for everybody"));
        return None;
    }
    let home = &home.name.value;
    let (of, name) = text.value.split_once('/').unwrap_or((home, &text.value));
    if name == "*" {
        return Some(Sender {
            namespace: of.to_owned(),
            labels: BTreeMap::new(),
        });
    }
    let of_name = |namespace: &&NamespaceDecl| namespace.name.value == of;
    let places: Vec<_> = spec.namespaces.iter().filter(of_name).collect();
    let known: Vec<_> = places.iter().flat_map(|namespace| workloads(namespace)).collect();
    if let Some((_, labels)) = known.iter().find(|(known, _)| *known == name) {
        return Some(Sender {
            namespace: of.to_owned(),
            labels: labels.clone(),
        });
    }
    let found = unknown(format!("namespace `{of}` has no service `{name}`"));
    let names = || known.iter().map(|(known, _)| *known);
    let mut accounts = places.iter().flat_map(|namespace| &namespace.accounts);
    sink.push(
        match (did_you_mean(name, names()), accounts.find(|account| account.value == name)) {
            (_, Some(account)) => found
                .here("this is an account")
                .label(account.span, "declared here")
                .help(format!(
                    "routes know senders by the labels of their service: declare a service, or write \"{of}/*\""
                )),
            (Some(near), None) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            (None, None) if places.is_empty() => {
                found.help(format!("write \"{of}/*\" for all of that namespace, or declare it"))
            }
            (None, None) => found.help(format!("write {}, or \"{of}/*\" for all of them", list(names()))),
        },
    );
    None
}
