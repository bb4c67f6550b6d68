//! `defaults`: what nodes have where they say nothing themselves. The narrower place wins: the node itself, then its
//! namespace, then the mesh.

use super::Item;
use super::schema::Times;

/// Fills in what the nodes of `items` do not say.
pub(crate) fn fill(items: &mut [Item]) {
    let everywhere = items.iter().find(|item| item.spec.name == "defaults").cloned();
    for namespace in items.iter_mut().filter(|item| item.spec.name == "namespace") {
        let here = namespace.child("defaults").cloned();
        let all: Vec<&Item> = here.iter().chain(&everywhere).collect();
        if all.is_empty() {
            continue;
        }
        for child in &mut namespace.children {
            below(child, &all);
        }
        let own: Vec<_> = everywhere.iter().collect();
        from(namespace, &own);
    }
}

/// Fills in a node of a namespace, and the groups of machines in it.
fn below(item: &mut Item, defaults: &[&Item]) {
    if item.spec.name == "defaults" {
        return;
    }
    from(item, defaults);
    for child in item.children.iter_mut().filter(|child| child.spec.name == "vms") {
        from(child, defaults);
    }
}

fn from(item: &mut Item, defaults: &[&Item]) {
    for default in defaults {
        if let Some(default) = default.child(item.spec.name) {
            merge(item, default);
        }
    }
}

fn merge(item: &mut Item, default: &Item) {
    for (key, value) in &default.props {
        item.props.entry(key).or_insert_with(|| value.clone());
    }
    for (key, value) in &default.labels {
        if !item.labels.iter().any(|(own, _)| own.value == key.value) {
            item.labels.push((key.clone(), value.clone()));
        }
    }
    let mut several: Vec<&str> = Vec::new();
    for child in &default.children {
        let name = child.spec.name;
        let alone = default
            .spec
            .children
            .iter()
            .any(|known| known.node.name == name && matches!(known.times, Times::Optional | Times::Once));
        match item.children.iter_mut().find(|own| own.spec.name == name) {
            Some(own) if alone => {
                if agree(own, child) {
                    merge(own, child);
                }
            }
            Some(_) if !several.contains(&name) => {}
            _ => {
                several.push(name);
                item.children.push(child.clone());
            }
        }
    }
}

/// They say the same where only one thing can be said: a probe by HTTP is none by TCP, and has none of its path.
fn agree(own: &Item, default: &Item) -> bool {
    let args = |item: &Item| -> Vec<_> { item.args.iter().map(|(_, value)| value.value.clone()).collect() };
    let choice = |item: &Item| -> Vec<&str> {
        let said = |name: &&&str| item.props.contains_key(**name) || item.child(name).is_some();
        item.spec.choice.iter().filter(said).copied().collect()
    };
    let (chosen, other) = (choice(own), choice(default));
    args(own) == args(default) && (chosen.is_empty() || other.is_empty() || chosen == other)
}
