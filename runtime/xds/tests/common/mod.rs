use std::path::{Path, PathBuf};

use mesh_wire::{NameTable, Snapshot};
use serde_json::Value;

use crate::sent::house;

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What we compile for a VM of an example, merged from the files that it is shipped in.
pub(crate) fn compiled(example: &str, group: &str, vm: &str) -> (Snapshot, NameTable) {
    let golden = house().join("golden").join(example);
    let own = golden.join("vms").join(vm).join("rootfs/etc/meshd");
    let shared = golden.join("groups").join(group).join("rootfs/etc/meshd");
    let mut snapshot: Snapshot = serde_json::from_str(&read(&own.join("snapshot.json"))).unwrap();
    for name in std::mem::take(&mut snapshot.include) {
        let folders = [own.clone(), shared.clone()].into_iter().chain(networks(&golden));
        let mut files = folders.map(|folder| folder.join(&name));
        let file = files.find(|file| file.exists()).unwrap();
        snapshot.merge(serde_json::from_str(&read(&file)).unwrap());
    }
    let names = serde_json::from_str(&read(&shared.join("names.json"))).unwrap();
    (snapshot, names)
}

fn networks(golden: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(golden.join("networks")).unwrap();
    let mut all: Vec<_> = all
        .map(|entry| entry.unwrap().path().join("rootfs/etc/meshd"))
        .collect();
    all.sort();
    all
}

/// Protobuf's JSON has whole numbers of 64 bits as texts.
pub(crate) fn digits(value: Value) -> Value {
    match value {
        Value::String(text) => text.parse::<u64>().map_or(Value::String(text), Value::from),
        Value::Array(items) => items.into_iter().map(digits).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(name, value)| (name, digits(value)))
            .collect(),
        other => other,
    }
}

/// Where two documents differ first.
pub(crate) fn difference(left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let names = left.keys().chain(right.keys());
            let null = Value::Null;
            names.into_iter().find_map(|name| {
                let pair = (left.get(name).unwrap_or(&null), right.get(name).unwrap_or(&null));
                Some(format!("{name}/{}", difference(pair.0, pair.1)?))
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(index, (left, right))| Some(format!("{index}/{}", difference(left, right)?)))
        }
        (left, right) => (left != right).then(|| format!(" {left} is not {right}")),
    }
}
