//! Objects that others wrote, compared with such objects or with a spec: by what they mean in the language.

use std::collections::{BTreeMap, BTreeSet};

use super::noun::{Key, Noun};
use super::objects::Objects;
use super::{Change, Difference, MachineChange, Picture, access, machine, names, things};

/// Kinds that a spec writes out where objects leave them to Kubernetes or Istio: those are compared as they are written.
const FOLLOWS: &[Noun] = &[Noun::Account, Noun::Gateway, Noun::Group, Noun::Namespace];

/// What two pictures do not have in common, one of which is made of objects that others wrote.
pub(super) fn between(before: &Picture, after: &Picture) -> Difference {
    let (old, new) = (before.meant(), after.meant());
    let mut difference = Difference {
        things: changes(before, after, things(&old, &new)),
        ..Difference::default()
    };
    (difference.access, difference.not_compared) = access::between(&old, &new);
    if before.is_of_objects() && after.is_of_objects() {
        difference.names = names::between(&before.files, &after.files);
        let mut contents = machine::Contents::of(&before.files, &after.files);
        difference.machines = machine::between(&before.machines, &after.machines, &mut contents);
        // Those that come and go are among the things, and nothing of ours is installed on them.
        let stays = |change: &MachineChange| matches!(change, MachineChange::Files { .. });
        difference.machines.retain(|all| stays(&all.change));
    } else {
        let what =
            "what restarts on VMs, names and values of charts: manifests do not say what is on machines";
        difference.not_compared.push(what.to_owned());
    }
    difference
}

/// The things that mean something else, of those `found` to. What is spelt alike is the same, whatever it was taken for.
fn changes(before: &Picture, after: &Picture, mut found: BTreeMap<Key, Change>) -> Vec<Change> {
    let written = [before, after].map(|picture| Objects::of(picture.all_objects()));
    let [old, new] = &written;
    let there: BTreeSet<_> = old.iter().chain(new.iter()).map(|(key, _)| about(key)).collect();
    let spelt = things(old, new);
    let otherwise: BTreeSet<_> = spelt.keys().map(about).collect();
    found.retain(|key, _| {
        !FOLLOWS.contains(&key.noun) && (otherwise.contains(&about(key)) || !there.contains(&about(key)))
    });
    found.extend(spelt.into_iter().filter(|(key, _)| FOLLOWS.contains(&key.noun)));
    found.into_values().collect()
}

/// Which thing it is, however many objects say it.
fn about(key: &Key) -> (Noun, String, String) {
    (key.noun, key.namespace.clone(), key.about.clone())
}
