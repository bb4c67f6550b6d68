//! Secrets that gateways show certificates from.

use std::collections::BTreeSet;

use super::gateway::{selector, servers};
use super::index::{Index, NETWORKING};
use super::workload::is_subset;
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::Datum;

/// A server of a Gateway that takes its certificate from a Secret.
pub(super) struct Credential<'a> {
    pub(super) gateway: &'a Object,
    /// As it is written.
    pub(super) name: Spanned<String>,
    /// Where the pods of the gateway run, as far as that is written: that is where it is looked for.
    pub(super) namespaces: BTreeSet<&'a str>,
}

/// All of them, but those of configuration maps and of other sources.
pub(super) fn all<'i, 'a>(index: &'i Index<'a>) -> impl Iterator<Item = Credential<'a>> + use<'i, 'a> {
    index.kind(NETWORKING, "Gateway").flat_map(move |gateway| {
        let names: Vec<_> = servers(gateway)
            .filter_map(|server| server.datum.at(&["tls"]))
            .flat_map(names)
            .collect();
        let namespaces = if names.is_empty() {
            BTreeSet::new()
        } else {
            homes(gateway, index)
        };
        names.into_iter().map(move |name| Credential {
            gateway,
            name,
            namespaces: namespaces.clone(),
        })
    })
}

fn names(tls: &Datum) -> Vec<Spanned<String>> {
    let several = tls.at(&["credentialNames"]).map_or(&[][..], Datum::items);
    let all = tls.field_text("credentialName").into_iter();
    all.chain(several.iter().filter_map(Datum::text))
        .filter(|name| !name.value.contains("://"))
        .collect()
}

fn homes<'a>(gateway: &Object, index: &Index<'a>) -> BTreeSet<&'a str> {
    let wanted = selector(gateway);
    if wanted.is_empty() {
        return BTreeSet::new();
    }
    let pods = index
        .workloads()
        .iter()
        .filter(|pods| is_subset(&wanted, &pods.labels));
    let services = index
        .services()
        .iter()
        .filter(|service| is_subset(&wanted, &service.selector));
    pods.map(|pods| pods.object.namespace())
        .chain(services.map(|service| service.object.namespace()))
        .collect()
}

/// Every Secret of this name.
pub(super) fn secrets<'a>(index: &Index<'a>, name: &str) -> Vec<&'a Object> {
    index
        .kind("", "Secret")
        .filter(|secret| secret.name.value == name)
        .collect()
}
