//! `istio.networking.nds.v1.NameTable` (Istio `pkg/dns/proto/nds.proto`).

use mesh_wire::snapshot::NameEntry;
use serde_json::json;

use crate::reader::Reader;
use crate::translate::Parts;

pub(crate) fn add(parts: &mut Parts, mut table: Reader<'_>) {
    table.step("nds");
    for (host, mut entry) in table.map("table") {
        let kubernetes = entry.text("registry") == "Kubernetes";
        short_names(&mut entry, &host, kubernetes);
        let mut addresses = Vec::new();
        for text in entry.texts("ips") {
            match text.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => entry.tell("ips", &json!(text), "no IP address"),
            }
        }
        let host = host.trim_end_matches('.').to_lowercase();
        let entry = NameEntry {
            addresses,
            kubernetes,
        };
        parts.names.hosts.insert(host, entry);
    }
}

/// Those of a Kubernetes host are parts of its own name.
fn short_names(entry: &mut Reader<'_>, host: &str, kubernetes: bool) {
    let name = entry.text("shortname");
    let namespace = entry.text("namespace");
    let said = format!("{name}.{namespace}.svc");
    let follows = |rest: &str| rest.is_empty() || rest.starts_with('.');
    let fits = host.strip_prefix(&said).is_some_and(follows);
    if kubernetes && !fits {
        entry.tell("shortname", &json!(said), "the host does not answer to this");
    }
    // Names of the same host from times when istiod made them up.
    entry.skip("alt_hosts");
}
