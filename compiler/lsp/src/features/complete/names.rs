//! Names of what the spec declares.

use std::collections::BTreeSet;

use mesh_compiler::spec::schema::{Child, Field, Kind, Role};
use mesh_compiler::spec::{Ty, WITHOUT_PARAMS};
use mesh_compiler::syntax::print;

use super::{Completion, Context, Insert, Offer, Part};
use crate::names::{Key, Names};
use crate::tree::{Branch, text};

pub(super) fn offers(context: &Context<'_>, field: &'static Field, part: &Part) -> Vec<Offer> {
    let kind = match field.role {
        Role::Names(kind) => kind,
        // The machines of one service stand on another's: names that are there are no help to declare new ones.
        _ if matches!(field.ty, Ty::Locality | Ty::Place) => return places(context, part),
        _ => return Vec::new(),
    };
    let names = context.project.names();
    let offer = |name: String, detail: &str| context.offer(&name, Completion::Name, detail, part);
    match kind {
        Kind::Target => {
            let subsets = of_service(context, &names, Kind::Subset).into_iter();
            let subsets = subsets.map(|(name, detail)| offer(name, &detail));
            subsets.chain(callers(context, &names, kind, part)).collect()
        }
        Kind::Caller | Kind::Service => callers(context, &names, kind, part),
        Kind::Subset | Kind::Port => of_service(context, &names, kind)
            .into_iter()
            .map(|(name, detail)| match kind {
                Kind::Port => Offer {
                    insert: Insert::Text(name.clone()),
                    ..offer(name, &detail)
                },
                _ => offer(name, &detail),
            })
            .collect(),
        Kind::Account | Kind::Group => {
            let home = context.home();
            let mut found: BTreeSet<&str> = BTreeSet::new();
            let here = |key: &&Key| key.namespace == home;
            found.extend(
                names
                    .all(kind)
                    .into_keys()
                    .filter(here)
                    .map(|key| key.name.as_str()),
            );
            found
                .into_iter()
                .map(|name| offer(name.to_owned(), word(kind)))
                .collect()
        }
        _ => {
            let found = names.all(kind).into_keys();
            found.map(|key| offer(key.name.clone(), word(kind))).collect()
        }
    }
}

/// What a kind is called.
const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Parameter => "parameter",
        Kind::Profile => "profile",
        Kind::Authorizer => "authorizer",
        Kind::Network => "network",
        Kind::Cluster => "cluster",
        Kind::Gateway => "gateway",
        Kind::Namespace => "namespace",
        Kind::Service => "service",
        Kind::Account => "account",
        Kind::Group => "group of machines",
        Kind::Machine => "machine",
        Kind::Subset => "subset",
        Kind::Port => "port",
        Kind::Caller => "caller",
        Kind::Target => "target",
        Kind::Column => "column",
    }
}

impl Context<'_> {
    /// The namespace around the place.
    fn home(&self) -> &str {
        let step = self.cursor.within("namespace");
        step.and_then(|step| step.get("name")).unwrap_or_default()
    }
}

/// Services; as callers accounts and whole namespaces too. Those of the own namespace first.
fn callers(context: &Context<'_>, names: &Names<'_>, kind: Kind, part: &Part) -> Vec<Offer> {
    let home = context.home();
    let kinds: &[Kind] = match kind {
        Kind::Caller => &[Kind::Service, Kind::Account, Kind::Group],
        Kind::Target => &[Kind::Service, Kind::Group, Kind::Machine],
        _ => &[Kind::Service],
    };
    let mut found: BTreeSet<(bool, String, &'static str)> = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for kind in kinds {
        for key in names
            .all(*kind)
            .into_keys()
            .filter(|key| !key.namespace.is_empty())
        {
            let own = key.namespace == home;
            let written = if own {
                key.name.clone()
            } else {
                format!("{}/{}", key.namespace, key.name)
            };
            if seen.insert(written.clone()) {
                found.insert((!own, written, word(*kind)));
            }
        }
    }
    let mut offers: Vec<_> = found
        .into_iter()
        .map(|(_, name, detail)| context.offer(&name, Completion::Name, detail, part))
        .collect();
    if kind == Kind::Caller {
        let all = names.all(Kind::Namespace).into_keys();
        let all = all.map(|key| {
            context.offer(
                &format!("{}/*", key.name),
                Completion::Name,
                "everybody there",
                part,
            )
        });
        offers.extend(all);
        offers.push(context.offer("*", Completion::Name, "everybody of the mesh", part));
    }
    offers
}

/// Subsets or ports of the service that is meant: the one that is named beside, or the one around.
fn of_service(context: &Context<'_>, names: &Names<'_>, kind: Kind) -> Vec<(String, String)> {
    let own = |name| context.cursor.within(name).and_then(|step| step.get("name"));
    let here = own("service").or_else(|| own("external")).unwrap_or_default();
    let named = context.cursor.around.last().and_then(|step| step.get("service"));
    let (namespace, service) = match named {
        Some(named) => named.split_once('/').unwrap_or((context.home(), named)),
        None => (context.home(), here),
    };
    let of = |key: &&Key| key.namespace == namespace && key.service == service;
    let found = names.all(kind).into_iter().filter(|(key, _)| of(key));
    found
        .map(|(key, _)| (key.name.clone(), format!("{} of {service}", word(kind))))
        .collect()
}

/// Parameters, where they may stand.
pub(super) fn parameters(context: &Context<'_>, part: &Part) -> Vec<Offer> {
    let declares = context.cursor.around.first();
    if declares.is_some_and(|step| WITHOUT_PARAMS.contains(&step.spec.name)) {
        return Vec::new();
    }
    let names = context.project.names();
    let found = names.all(Kind::Parameter).into_keys();
    found
        .map(|key| {
            let written = format!("${}", key.name);
            let text = match context.language {
                // One word: no quotes are needed.
                mesh_compiler::diag::Language::Kdl => written.clone(),
                language if !part.quoted => print::word(&written, language),
                _ => written.clone(),
            };
            Offer {
                insert: Insert::Text(text),
                ..context.offer(&written, Completion::Name, word(Kind::Parameter), part)
            }
        })
        .collect()
}

/// Places where something stands.
fn places(context: &Context<'_>, part: &Part) -> Vec<Offer> {
    let mut found = BTreeSet::new();
    for file in &context.project.files {
        localities(&file.tree.nodes, file.top(), &mut found);
    }
    found.remove(part.typed.as_str());
    let offer = |place: &&str| context.offer(place, Completion::Name, "place", part);
    found.iter().map(offer).collect()
}

fn localities<'a>(branches: &'a [Branch], known: &'static [Child], found: &mut BTreeSet<&'a str>) {
    for branch in branches {
        let Some(child) = known.iter().find(|child| child.node.name == branch.name.value) else {
            continue;
        };
        for prop in &branch.props {
            let field = child.node.props.iter().find(|field| field.name == prop.key.value);
            if field.is_some_and(|field| field.ty == Ty::Locality) {
                found.extend(
                    text(&prop.value)
                        .map(|text| text.value)
                        .filter(|text| !text.is_empty()),
                );
            }
        }
        localities(&branch.children, child.node.children, found);
    }
}
