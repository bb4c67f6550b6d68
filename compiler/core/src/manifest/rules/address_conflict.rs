use std::collections::BTreeMap;

use super::index::Index;
use super::workload::{Form, Workload};
use crate::diag::{Diagnostic, Sink, code};

/// Two entries with one address stand behind one service: it gets twice its share.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<_, Vec<&Workload<'_>>> = BTreeMap::new();
    for entry in index
        .workloads()
        .iter()
        .filter(|workload| workload.form == Form::Entry)
    {
        let Some((address, span)) = entry.address() else {
            continue;
        };
        let network = entry
            .text("network")
            .map_or_else(String::new, |network| network.value);
        let others = seen
            .entry((entry.object.namespace(), network, address))
            .or_default();
        if let Some((other, service)) = others
            .iter()
            .find_map(|other| Some((other, shared(index, entry, other)?)))
        {
            let message = format!("{address} stands behind the Service `{service}` twice");
            let before = other.address().map_or(other.object.span, |(_, span)| span);
            sink.push(
                Diagnostic::new(&code::ADDRESS_CONFLICT, span, message)
                    .here("here again")
                    .label(before, format!("first as {}", other.shown()))
                    .help("keep one of the entries, or correct the address"),
            );
        }
        others.push(entry);
    }
}

/// A service that finds both, and uses the same ports of both.
fn shared(index: &Index<'_>, one: &Workload<'_>, other: &Workload<'_>) -> Option<String> {
    let services = index.selecting(other);
    let both = index.selecting(one).into_iter().find(|service| {
        services
            .iter()
            .any(|own| own.object.name.value == service.object.name.value)
    })?;
    let ports = |workload: &Workload<'_>| -> Vec<_> {
        workload
            .ports()
            .into_iter()
            .map(|(name, port)| (name.value.clone(), port.value))
            .collect()
    };
    let (mut own, mut others) = (ports(one), ports(other));
    own.sort();
    others.sort();
    (own == others).then(|| both.object.name.value.clone())
}
