//! Two meshes compared by what they mean: things, names, machines, and who may call what.
//!
//! # Steps
//! 1. A [`Picture`] of each: the objects of its clusters and the files of its VMs, from a spec that was compiled, an
//!    `out/` that was built, or existing manifests.
//! 2. Objects are brought into a normal form, so that spelling and order say nothing, and found by what they are about,
//!    whatever they are called.
//! 3. [`between`] compares things field by field, tables of names, and files of machines, and evaluates the policies
//!    of both for everybody whom a rule mentions.

mod access;
mod apart;
mod effects;
mod field;
mod machine;
mod meaning;
mod names;
mod normal;
mod noun;
mod objects;
mod picture;
pub mod render;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

pub use access::Access;
pub use field::Field;
pub use machine::{MachineChange, Machines};
pub use names::Name;
pub use noun::Noun;
pub(crate) use picture::objects_of;
pub use picture::{BadOutput, Picture};

pub(crate) use objects::identity;

use crate::model::Identity;
use objects::Objects;

/// What two meshes do not have in common; every list is ordered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Things that are new, gone or changed.
    pub things: Vec<Change>,
    /// Hosts that VMs find elsewhere.
    pub names: Vec<Name>,
    /// What happens on VMs.
    pub machines: Vec<Machines>,
    /// Who gains or loses access to what.
    pub access: Vec<Access>,
    /// What was not compared, in words.
    pub not_compared: Vec<String>,
}

/// A thing that is new, gone or changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What it is.
    pub noun: Noun,
    /// What it is called.
    pub name: String,
    /// The clusters where it is so; empty is all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// What happens to it.
    #[serde(flatten)]
    pub kind: ChangeKind,
    /// What follows for what runs, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<String>,
}

/// What happens to a thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed {
        /// Where.
        fields: Vec<Field>,
    },
}

impl Difference {
    /// They mean the same.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty() && self.names.is_empty() && self.machines.is_empty() && self.access.is_empty()
    }
}

/// Compares two meshes.
pub fn between(before: &Picture, after: &Picture) -> Difference {
    let mut difference = Difference::default();
    if before.is_of_objects() || after.is_of_objects() {
        return meaning::between(before, after);
    }
    difference.things = settings(before, after);
    difference.things.extend(of_clusters(before, after));
    difference.things.extend(other_files(before, after));
    difference.names = names::between(&before.files, &after.files);
    let mut contents = machine::Contents::of(&before.files, &after.files);
    difference.machines = machine::between(&before.machines, &after.machines, &mut contents);
    let (old, new) = (
        Objects::of(before.all_objects()),
        Objects::of(after.all_objects()),
    );
    (difference.access, difference.not_compared) = access::between(&old, &new);
    difference
}

/// The things of all clusters; what is the same in every one is told once.
fn of_clusters(before: &Picture, after: &Picture) -> Vec<Change> {
    let clusters: BTreeSet<&String> = before.clusters.keys().chain(after.clusters.keys()).collect();
    let mut found: BTreeMap<noun::Key, Vec<(Change, Vec<String>)>> = BTreeMap::new();
    for cluster in &clusters {
        for (key, change) in things(&before.objects_of(cluster), &after.objects_of(cluster)) {
            let told = found.entry(key).or_default();
            match told.iter_mut().find(|(other, _)| *other == change) {
                Some((_, of)) => of.push((*cluster).clone()),
                None => told.push((change, vec![(*cluster).clone()])),
            }
        }
    }
    let everywhere = clusters.len();
    let each = found.into_values().flatten().map(|(mut change, of)| {
        if of.len() < everywhere {
            change.clusters = of;
        }
        change
    });
    each.collect()
}

fn things(before: &Objects, after: &Objects) -> BTreeMap<noun::Key, Change> {
    let keys: BTreeSet<_> = before.iter().chain(after.iter()).map(|(key, _)| key).collect();
    let mut found = BTreeMap::new();
    for key in keys {
        let kind = match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) => ChangeKind::Changed {
                fields: field::between(&old.normal, &new.normal),
            },
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
        };
        let change = Change {
            noun: key.noun,
            name: key.label(),
            clusters: Vec::new(),
            effects: effects::of(key, &kind),
            kind,
        };
        found.insert(key.clone(), change);
    }
    found
}

/// Values for charts.
fn settings(before: &Picture, after: &Picture) -> Vec<Change> {
    let name = |path: &str| {
        let short = path
            .trim_start_matches("kubernetes/")
            .trim_end_matches(".values.yaml");
        short
            .split_once('/')
            .map_or_else(|| short.to_owned(), |(cluster, of)| format!("{of} in {cluster}"))
    };
    changes(
        Noun::Settings,
        &before.settings,
        &after.settings,
        name,
        |old, new| (old != new).then(|| field::between(old, new)),
    )
}

/// Files for people and Prometheus, which are compared whole.
fn other_files(before: &Picture, after: &Picture) -> Vec<Change> {
    let other = |picture: &Picture| -> machine::Files {
        let ours = ["kubernetes/", "vms/", "groups/", "networks/", ".gitignore"];
        let files = picture.files.iter();
        let files = files.filter(|(path, _)| !ours.iter().any(|folder| path.starts_with(folder)));
        files.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    };
    let (old, new) = (other(before), other(after));
    let same = |path: &str| {
        let pair = old.get(path).zip(new.get(path));
        pair.is_some_and(|(old, new)| machine::mean_the_same(path, old, new))
    };
    let mut found = changes(Noun::File, &old, &new, str::to_owned, |_, _| Some(Vec::new()));
    found.retain(|change| !same(&change.name));
    found
}

fn changes<T>(
    noun: Noun,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    name: impl Fn(&str) -> String,
    fields: impl Fn(&T, &T) -> Option<Vec<Field>>,
) -> Vec<Change> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let one = |key: &String| {
        let kind = match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => ChangeKind::Changed {
                fields: fields(old, new)?,
            },
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
        };
        Some(Change {
            noun,
            name: name(key),
            clusters: Vec::new(),
            kind,
            effects: Vec::new(),
        })
    };
    keys.into_iter().filter_map(one).collect()
}

/// A difference, and the objects that say it.
pub(crate) struct Traced {
    pub(crate) change: Change,
    /// On the side that was.
    pub(crate) before: Vec<Identity>,
    /// On the side that is.
    pub(crate) after: Vec<Identity>,
}

/// What differs between objects, for those who write some from others.
pub(crate) fn traced(before: &[Value], after: &[Value]) -> Vec<Traced> {
    let (old, new) = (Objects::of(before), Objects::of(after));
    let said_by = |objects: &Objects, key: &noun::Key| {
        let thing = objects.get(key);
        thing.map(|thing| thing.said_by.clone()).unwrap_or_default()
    };
    let trace = |(key, change): (noun::Key, Change)| Traced {
        before: said_by(&old, &key),
        after: said_by(&new, &key),
        change,
    };
    things(&old, &new).into_iter().map(trace).collect()
}
