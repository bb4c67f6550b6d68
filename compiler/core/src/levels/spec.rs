use super::scope::Scope;
use super::{Action, Levels};
use crate::diag::Sink;
use crate::spec::Item;

/// The levels that `items` say, machines of inventories among them.
pub(crate) fn read(items: &[Item], sink: &mut Sink) -> Levels {
    let mut levels = Levels::default();
    let of = |name: &'static str| items.iter().filter(move |item| item.spec.name == name);
    let shared = of("namespace").flat_map(|namespace| namespace.children("defaults"));
    let defaults: Vec<_> = shared
        .chain(of("defaults"))
        .map(|defaults| Scope::of_item(defaults, &[]))
        .collect();
    for mesh in of("mesh") {
        checks(mesh, &Scope::Everywhere, &mut levels, sink);
    }
    for namespace in of("namespace") {
        checks(
            namespace,
            &Scope::of_item(namespace, &defaults),
            &mut levels,
            sink,
        );
    }
    for service in of("namespace").flat_map(|namespace| namespace.children("service")) {
        checks(service, &Scope::of_item(service, &defaults), &mut levels, sink);
    }
    levels
}

/// The `check` nodes of one place.
fn checks(place: &Item, scope: &Scope, levels: &mut Levels, sink: &mut Sink) {
    let first = levels.len();
    for said in place.children("check").flat_map(|check| &check.children) {
        let action = match said.spec.name {
            "allow" => Action::Allow,
            "warn" => Action::Warn,
            _ => Action::Deny,
        };
        if let Some(name) = said.spanned("code") {
            let reason = said.get("reason").unwrap_or_default();
            levels.add(action, &name, reason, (scope, first), sink);
        }
    }
}
