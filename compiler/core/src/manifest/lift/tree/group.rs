use std::collections::{BTreeMap, BTreeSet};

use super::Service;
use crate::diag::Span;
use crate::manifest::lift::draft::Draft;
use crate::manifest::lift::index::Labels;
use crate::manifest::lift::selectors::Selectors;
use crate::syntax::Scalar;

/// Machines that are put together.
#[derive(Debug)]
pub(in crate::manifest::lift) struct Group {
    pub(in crate::manifest::lift) draft: Draft,
    pub(in crate::manifest::lift) account: String,
    pub(in crate::manifest::lift) network: String,
    pub(in crate::manifest::lift) labels: Labels,
    pub(in crate::manifest::lift) ports: BTreeMap<String, String>,
    pub(in crate::manifest::lift) vms: BTreeMap<String, Draft>,
    /// All labels of single machines.
    pub(in crate::manifest::lift) labels_of_vms: BTreeMap<String, Labels>,
    /// No WorkloadGroup says it.
    pub(in crate::manifest::lift) made: bool,
    pub(in crate::manifest::lift) span: Span,
}

impl Group {
    /// The labels of its machines: those of the group, and those of single ones.
    fn all_labels(&self) -> impl Iterator<Item = &Labels> {
        std::iter::once(&self.labels).chain(self.labels_of_vms.values())
    }
}

/// Services, each with the machines that serve it alone; then all other machines.
pub(super) fn inhabit(
    node: &mut Draft,
    services: BTreeMap<String, Service>,
    selectors: &Selectors,
    groups: &BTreeMap<String, Group>,
) {
    let mut served: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // The groups of each service, ordered.
    let mut serving: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, all) in groups {
        let on = selectors.asking(&all.labels);
        for name in &on {
            serving.entry(name).or_default().push(group);
        }
        served.insert(group, on);
    }
    // The service of the group's name is its owner, else the first.
    let owner = |group: &str| -> Option<&str> {
        let on = served.get(group)?;
        on.iter().find(|name| **name == group).or(on.first()).copied()
    };
    let mut inside: BTreeMap<&str, Vec<Draft>> = BTreeMap::new();
    let mut outside = Vec::new();
    for (name, group) in groups {
        let of = owner(name);
        let on = served.get(name.as_str()).into_iter().flatten();
        let on: Vec<&Service> = on.filter_map(|name| services.get(*name)).collect();
        let owned = of.and_then(|of| services.get(of).map(|all| (of, all)));
        let drawn = machines(name, group, owned, &on);
        match of {
            Some(of) => inside.entry(of).or_default().push(drawn),
            None => outside.push(drawn),
        }
    }
    for (name, service) in services {
        let name = name.as_str();
        let on = serving.get(name).map_or(&[][..], Vec::as_slice);
        let guests = on.iter().filter(|group| owner(group) != Some(name));
        let guests: Vec<String> = guests.map(|group| (*group).to_owned()).collect();
        let own = inside.remove(name).unwrap_or_default();
        let labels = on.iter().filter_map(|group| groups.get(*group));
        let labels: Vec<&Labels> = labels.flat_map(Group::all_labels).collect();
        node.push(service.finish(name, own, &guests, &labels));
    }
    outside.into_iter().for_each(|group| node.push(group));
}

/// A group, without what follows from its services.
fn machines(name: &str, group: &Group, owner: Option<(&str, &Service)>, on: &[&Service]) -> Draft {
    let mut draft = Draft::new("vms", group.span);
    if owner.is_none_or(|(owner, _)| owner != name) {
        draft = draft.arg(Scalar::Text(name.to_owned()), group.span);
    }
    let usual = owner.map_or(name, |(_, service)| service.account.as_str());
    if group.account != usual {
        draft.put("account", Scalar::Text(group.account.clone()), group.span);
    }
    draft.merge(group.draft.clone());
    let mut implied = Labels::new();
    implied.extend(on.iter().flat_map(|service| service.selector.clone()));
    let own: Vec<_> = group
        .labels
        .iter()
        .filter(|(key, value)| implied.get(*key) != Some(value))
        .collect();
    if !own.is_empty() {
        let mut label = Draft::new("label", group.span);
        for (key, value) in own {
            label.put(key, Scalar::Text(value.clone()), group.span);
        }
        draft.push(label);
    }
    let implied: BTreeSet<(&str, String)> = on.iter().flat_map(|service| service.port_targets()).collect();
    for (port, number) in &group.ports {
        if !implied.contains(&(port.as_str(), number.clone())) {
            let number = number
                .parse()
                .map_or_else(|_| Scalar::Text(number.clone()), Scalar::Integer);
            let port = Draft::new("port", group.span).arg(Scalar::Text(port.clone()), group.span);
            draft.push(port.arg(number, group.span));
        }
    }
    draft.sort();
    draft.children(group.vms.values().cloned())
}
