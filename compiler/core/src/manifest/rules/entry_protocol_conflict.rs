use std::collections::BTreeMap;

use super::audience::Audience;
use super::index::{Index, NETWORKING};
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A port of a host has one protocol, whichever ServiceEntry speaks of it.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<(String, String), Vec<Said<'_>>> = BTreeMap::new();
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        let audience = Audience::of(entry);
        for host in entry.items(&["spec", "hosts"]).iter().filter_map(Datum::text) {
            for port in entry.items(&["spec", "ports"]) {
                let (Some(number), Some(protocol)) = (port.field_text("number"), port.field_text("protocol"))
                else {
                    continue;
                };
                let own = Said {
                    entry,
                    protocol,
                    audience: audience.clone(),
                };
                let key = (host.value.clone(), number.value);
                let before = seen.entry(key.clone()).or_default();
                match before.iter().find(|other| other.contradicts(&own)) {
                    Some(first) => sink.push(found(&key, &own, first)),
                    None => before.push(own),
                }
            }
        }
    }
}

/// What an entry says of a port.
struct Said<'a> {
    entry: &'a Object,
    protocol: Spanned<String>,
    audience: Audience,
}

impl Said<'_> {
    fn contradicts(&self, other: &Self) -> bool {
        !std::ptr::eq(self.entry, other.entry)
            && !self.protocol.value.eq_ignore_ascii_case(&other.protocol.value)
            && self.audience.meets(&other.audience)
    }
}

fn found((host, port): &(String, String), own: &Said<'_>, first: &Said<'_>) -> Diagnostic {
    let message = format!(
        "port {port} of `{host}` is {} in one ServiceEntry and {} in another: callers get one of them",
        first.protocol.value, own.protocol.value
    );
    Diagnostic::new(&code::ENTRY_PROTOCOLS, own.protocol.span, message)
        .here(format!("{} here", own.protocol.value))
        .label(
            first.protocol.span,
            format!("{} in the {}", first.protocol.value, shown(first.entry)),
        )
        .help("write the same protocol in both, or leave one of them out")
}
