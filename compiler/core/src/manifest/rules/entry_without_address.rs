use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;

/// A ServiceEntry for bytes is told by its address: without one its listener takes every connection to the port. istiod
/// gives addresses by itself where names are looked up (istio, pilot/pkg/config/kube/ipallocate).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        let Some((span, why)) = unaddressed(entry) else {
            continue;
        };
        for port in entry.items(&["spec", "ports"]) {
            let protocol = port.field_text("protocol");
            let word = protocol.as_ref().map_or("", |protocol| protocol.value.as_str());
            let Some(number) = port.field_text("number").filter(|_| is_bytes(word)) else {
                continue;
            };
            let message = format!(
                "callers take every connection to port {} for `{}`: it has no address to be told by",
                number.value, entry.name.value
            );
            sink.push(
                Diagnostic::new(&code::ENTRY_UNADDRESSED, number.span, message)
                    .label(span, why)
                    .help("write `addresses`, or `protocol: TLS` or `HTTPS`, which are told by the name of the host"),
            );
        }
    }
}

/// Protocols that have no name of a host in them.
fn is_bytes(protocol: &str) -> bool {
    ["", "TCP", "MONGO", "MYSQL", "REDIS"].contains(&protocol.to_ascii_uppercase().as_str())
}

/// It has no address, and gets none: where it says so, and why.
fn unaddressed(entry: &Object) -> Option<(crate::diag::Span, &'static str)> {
    const GIVEN: &str = "networking.istio.io/enable-autoallocate-ip";
    let hosts = entry.items(&["spec", "hosts"]);
    let given = [["spec", "addresses"], ["status", "addresses"]];
    if hosts.is_empty() || given.iter().any(|path| !entry.items(path).is_empty()) {
        return None;
    }
    let label = entry.text(&["metadata", "labels", GIVEN]);
    if let Some(off) = label.filter(|label| label.value == "false") {
        return Some((off.span, "istiod gives it none because of this"));
    }
    let resolution = entry.entry(&["spec", "resolution"]);
    match resolution {
        // Nothing is looked up where nothing is said.
        None => Some((
            hosts.first()?.span,
            "without `resolution`, istiod gives it no address",
        )),
        Some(said) => {
            let none = said.value.text().is_some_and(|text| text.value == "NONE");
            none.then_some((
                said.value.span,
                "istiod gives no address where nothing is looked up",
            ))
        }
    }
}
