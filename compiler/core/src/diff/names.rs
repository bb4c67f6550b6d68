use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::machine::Files;

/// A host that VMs find elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name {
    /// The host.
    pub host: String,
    /// Where it was found; nothing is not at all.
    pub before: Vec<String>,
    /// Where it is found.
    pub after: Vec<String>,
}

/// The hosts that VMs find elsewhere, each once however many of them see it so.
pub(super) fn between(old: &Files, new: &Files) -> Vec<Name> {
    let (old, new) = (tables(old), tables(new));
    let mut found = Vec::new();
    // A group that comes or goes is told as machines.
    for (group, before) in &old {
        let Some(after) = new.get(group) else { continue };
        for host in before.keys().chain(after.keys()) {
            let [before, after] = [before, after].map(|table| table.get(host).cloned().unwrap_or_default());
            if before != after {
                found.push(Name {
                    host: host.clone(),
                    before,
                    after,
                });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

type Table = BTreeMap<String, Vec<String>>;

/// By their path below `out/`.
fn tables(files: &Files) -> BTreeMap<&str, Table> {
    let tables = files
        .iter()
        .filter(|(path, _)| path.ends_with("/etc/meshd/names.json"));
    tables
        .map(|(path, bytes)| {
            (
                path.as_str(),
                table(&serde_json::from_slice(bytes).unwrap_or_default()),
            )
        })
        .collect()
}

fn table(document: &Value) -> Table {
    let hosts = document
        .get("hosts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let addresses = |entry: &Value| {
        let all = entry
            .get("addresses")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mut all: Vec<String> = all.filter_map(Value::as_str).map(str::to_owned).collect();
        all.sort();
        all
    };
    hosts
        .map(|(host, entry)| (host.clone(), addresses(entry)))
        .collect()
}
