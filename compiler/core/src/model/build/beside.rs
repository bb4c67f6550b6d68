use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Mesh, Service};

type Labels = BTreeMap<String, String>;

/// Tells every service which others have some of its workloads: labels that both select by belong to one group of VMs,
/// or to the pods of one of them.
pub(super) fn fill(mesh: &mut Mesh) {
    let index = Index::of(&mesh.services);
    let mut together: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut add = |found: &[usize]| {
        for one in found {
            together.extend(
                found
                    .iter()
                    .filter(|other| *other != one)
                    .map(|other| (*one, *other)),
            );
        }
    };
    for group in &mesh.groups {
        add(&index.selecting(&mesh.services, &group.namespace, &group.labels));
    }
    for service in mesh.services.iter().filter(|service| !service.pods.is_empty()) {
        let mut found = index.selecting(&mesh.services, &service.namespace, &service.selector);
        found.retain(|at| !mesh.services[*at].pods.is_empty());
        add(&found);
    }
    let names: Vec<_> = together
        .into_iter()
        .map(|(one, other)| (one, mesh.services[other].name.clone()))
        .collect();
    for (one, name) in names {
        mesh.services[one].beside.insert(name);
    }
}

/// Services by namespace and the first label that they select by.
struct Index<'a>(BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>);

impl<'a> Index<'a> {
    fn of(services: &'a [Service]) -> Self {
        let mut index: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, service) in services.iter().enumerate() {
            if let Some((key, value)) = service.selector.iter().next() {
                let place = (service.namespace.as_str(), key.as_str(), value.as_str());
                index.entry(place).or_default().push(at);
            }
        }
        Self(index)
    }

    /// Those that select workloads with these labels.
    fn selecting(&self, services: &[Service], namespace: &str, labels: &Labels) -> Vec<usize> {
        let candidates = labels
            .iter()
            .filter_map(|(key, value)| self.0.get(&(namespace, key.as_str(), value.as_str())))
            .flatten();
        let mut found: Vec<usize> = candidates
            .copied()
            .filter(|at| services[*at].selects(labels))
            .collect();
        found.sort_unstable();
        found
    }
}
