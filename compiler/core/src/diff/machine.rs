use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::{Bundle, Effects};
use serde::Serialize;
use serde_json::Value;

use super::field::{self, Field};

/// What happens on VMs that have the same before them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machines {
    /// `NAMESPACE/VM`, ordered.
    pub vms: Vec<String>,
    /// What becomes of them.
    #[serde(flatten)]
    pub change: MachineChange,
}

/// What becomes of a VM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum MachineChange {
    /// It joins.
    Joins,
    /// It leaves: `meshc remove`.
    Leaves,
    /// Its files are others.
    Files {
        /// Paths on the machine, and how they change: `+`, `-`, `~`.
        files: Vec<(char, String)>,
        /// What is restarted or told, in words.
        effects: Vec<String>,
    },
}

/// Files by their path below `out/`.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A VM as `out/` tells of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    /// Path on the machine, then owner, group and mode, and the path below `out/`.
    files: BTreeMap<String, (String, String)>,
    /// All else that the bundle says.
    rest: Value,
    /// Istio's agent runs there: its files are put in place by hand.
    foreign: bool,
}

/// The VMs of an output, by `NAMESPACE/NAME`.
pub(super) fn of(files: &Files) -> BTreeMap<String, Machine> {
    let mut found = BTreeMap::new();
    for (path, bytes) in files {
        let Some((folder, own)) = path.strip_prefix("vms/").and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if own == "bundle.json" {
            if let Ok(bundle) = serde_json::from_slice::<Bundle>(bytes) {
                found.insert(format!("{}/{}", bundle.namespace, bundle.vm), of_bundle(bundle));
            }
        } else if let Some(own) = own.strip_prefix("istio/") {
            let machine = found.entry(folder.to_owned()).or_insert_with(Machine::default);
            machine.foreign = true;
            machine
                .files
                .insert(own.to_owned(), (String::new(), path.clone()));
        }
    }
    found
}

fn of_bundle(mut bundle: Bundle) -> Machine {
    let files = std::mem::take(&mut bundle.files);
    let whose = |file: &mesh_wire::bundle::File| format!("{}:{} {}", file.owner, file.group, file.mode);
    Machine {
        files: files
            .into_iter()
            .map(|file| (file.path.clone(), (whose(&file), file.source)))
            .collect(),
        rest: serde_json::to_value(bundle).unwrap_or_default(),
        foreign: false,
    }
}

/// Equal contents of two outputs are compared once, however many machines share them.
pub(super) struct Contents<'a> {
    old: &'a Files,
    new: &'a Files,
    same: BTreeMap<(String, String), bool>,
}

impl<'a> Contents<'a> {
    pub(super) fn of(old: &'a Files, new: &'a Files) -> Self {
        let same = BTreeMap::new();
        Self { old, new, same }
    }

    fn same(&mut self, old: &str, new: &str) -> bool {
        let key = (old.to_owned(), new.to_owned());
        if let Some(same) = self.same.get(&key) {
            return *same;
        }
        let same = match (self.old.get(old), self.new.get(new)) {
            (Some(one), Some(other)) => mean_the_same(old, one, other),
            (one, other) => one == other,
        };
        self.same.insert(key, same);
        same
    }
}

/// Documents mean the same whatever the order of their keys; other files are their bytes.
pub(super) fn mean_the_same(path: &str, one: &[u8], other: &[u8]) -> bool {
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    one == other
        || path.ends_with(".json")
            && value(one)
                .zip(value(other))
                .is_some_and(|(one, other)| one == other)
}

/// What changes on the machines, those with the same together.
pub(super) fn between(
    old: &BTreeMap<String, Machine>,
    new: &BTreeMap<String, Machine>,
    contents: &mut Contents<'_>,
) -> Vec<Machines> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut together: BTreeMap<MachineChange, Vec<String>> = BTreeMap::new();
    for name in names {
        let change = match (old.get(name), new.get(name)) {
            (None, _) => Some(MachineChange::Joins),
            (_, None) => Some(MachineChange::Leaves),
            (Some(old), Some(new)) => change(old, new, contents),
        };
        if let Some(change) = change {
            together.entry(change).or_default().push(name.clone());
        }
    }
    together
        .into_iter()
        .map(|(change, vms)| Machines { vms, change })
        .collect()
}

fn change(old: &Machine, new: &Machine, contents: &mut Contents<'_>) -> Option<MachineChange> {
    let paths: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    let mut files = Vec::new();
    for path in paths {
        let sign = match (old.files.get(path), new.files.get(path)) {
            (None, _) => '+',
            (_, None) => '-',
            (Some(one), Some(other)) if one.0 == other.0 && contents.same(&one.1, &other.1) => continue,
            (Some(_), Some(_)) => '~',
        };
        files.push((sign, path.clone()));
    }
    let mut effects = if old.foreign || new.foreign {
        let changed = !files.is_empty();
        changed
            .then(|| "its files are put in place by hand, and istio.service restarts".to_owned())
            .into_iter()
            .collect()
    } else {
        words(Effects::of(files.iter().map(|(_, path)| path.as_str())))
    };
    if old.foreign != new.foreign {
        effects = vec!["what carries its traffic is another: remove one, install the other".to_owned()];
    }
    let bundle: Vec<Field> = field::between(&old.rest, &new.rest);
    effects.extend(
        bundle
            .iter()
            .map(|field| about_bundle(&field.path))
            .collect::<BTreeSet<_>>(),
    );
    (!files.is_empty() || !effects.is_empty()).then_some(MachineChange::Files { files, effects })
}

fn about_bundle(path: &str) -> String {
    if path.starts_with("ssh") {
        "it is reached another way by SSH".to_owned()
    } else if path.starts_with("runtime") {
        "meshd restarts: it is another version".to_owned()
    } else if path.starts_with("units") {
        "other units are started".to_owned()
    } else {
        "other checks decide whether it stays".to_owned()
    }
}

fn words(effects: Effects) -> Vec<String> {
    let Effects {
        sockets,
        program,
        files,
        capture,
        kernel,
        resolver,
    } = effects;
    let mut words = Vec::new();
    let mut say = |is: bool, text: &str| words.extend(is.then(|| text.to_owned()));
    say(sockets, "meshd restarts with new sockets: connections are cut");
    say(program && !sockets, "meshd restarts; its sockets stay open");
    say(files && !program && !sockets, "meshd reloads; connections stay");
    say(capture, "the capture rules are loaded again");
    say(kernel, "settings of the kernel are set again");
    say(resolver, "systemd-resolved restarts");
    words
}
