//! Existing objects in the words of the language: nodes, with their places in the objects. What the language cannot
//! say whole stays an object, with the reason; nothing is changed or lost in silence.
//!
//! # Steps
//! 1. [`index`]: which services, accounts and workloads there are, so that the rest finds what it is about.
//! 2. One file a kind: services and external services, machines, then what is said of them: traffic, routes, access.
//! 3. [`tree`]: all of it as one spec.

mod access;
mod draft;
mod elsewhere;
mod external;
mod fields;
mod index;
mod machines;
mod routes;
mod rule;
mod selectors;
mod service;
mod settings;
mod telemetry;
mod tokens;
mod traffic;
mod tree;

use super::Object;
use crate::diag::Span;
use crate::syntax::Node;

pub use fields::Unsaid;

use fields::Fields;
use index::Index;
use tree::Tree;

/// What a lift does where objects leave something open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The rules shall look at what is there: what is open is taken as usual.
    Check,
    /// A spec shall be written: what is open stays so.
    Import,
}

/// What became of objects.
#[derive(Debug, Default)]
pub struct Lifted {
    /// A spec.
    pub nodes: Vec<Node>,
    /// The objects that are none of it, by their place in the list, and why.
    pub unsaid: Vec<(usize, Unsaid)>,
    /// What had to be taken for granted, in words.
    pub notes: Vec<String>,
}

/// Lifts `objects`; those at the places `left` are left as they are. `whole` is where what is missing is said.
pub fn lift(objects: &[Object], left: &[usize], purpose: Purpose, whole: Span) -> Lifted {
    let taken: Vec<(usize, &Object)> = objects
        .iter()
        .enumerate()
        .filter(|(at, _)| !left.contains(at))
        .collect();
    let all: Vec<(usize, &Object)> = objects.iter().enumerate().collect();
    let index = Index::of(&all);
    let mut unsaid = Vec::new();
    let mut own = Vec::new();
    for (at, object) in &taken {
        match elsewhere::owner(object, &index) {
            Some(owner) => unsaid.push((*at, owner)),
            None => own.push((*at, *object)),
        }
    }
    let taken = own;
    let mut tree = Tree::new(index, purpose, whole);
    for phase in PHASES {
        for (at, object) in &taken {
            for (group, kind, lift) in *phase {
                if object.is(group, kind)
                    && let Err(why) = lift(&mut tree, object)
                {
                    unsaid.push((*at, why));
                }
            }
        }
    }
    let known = |object: &Object| {
        PHASES
            .iter()
            .copied()
            .flatten()
            .any(|(group, kind, _)| object.is(group, kind))
    };
    for (at, object) in taken.iter().filter(|(_, object)| !known(object)) {
        let why = format!("the language has no word for a {}", object.kind.value);
        unsaid.push((*at, Unsaid::new(why, object.span)));
    }
    unsaid.extend(without_machines(&mut tree, &taken));
    unsaid.sort_by_key(|(at, _)| *at);
    let (nodes, notes) = tree.finish();
    Lifted { nodes, unsaid, notes }
}

/// A group, a kind, and what says it.
type Step = (
    &'static str,
    &'static str,
    fn(&mut Tree, &Object) -> Result<(), Unsaid>,
);

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";

/// What is said of something comes after it.
const PHASES: &[&[Step]] = &[
    &[
        ("", "Namespace", settings::namespace),
        ("", "ServiceAccount", settings::account),
        ("", "Service", service::service),
        (NETWORKING, "ServiceEntry", external::entry),
    ],
    &[(NETWORKING, "WorkloadGroup", machines::group)],
    &[(NETWORKING, "WorkloadEntry", machines::entry)],
    &[(NETWORKING, "DestinationRule", traffic::destination_rule)],
    &[
        (NETWORKING, "Gateway", settings::gateway),
        (NETWORKING, "VirtualService", routes::virtual_service),
        (SECURITY, "PeerAuthentication", access::peers),
        (SECURITY, "RequestAuthentication", tokens::tokens),
        (SECURITY, "AuthorizationPolicy", access::policy),
        ("telemetry.istio.io", "Telemetry", telemetry::telemetry),
    ],
];

/// The language writes machines that are known; groups whose machines register themselves have none.
fn without_machines(tree: &mut Tree, taken: &[(usize, &Object)]) -> Vec<(usize, Unsaid)> {
    let mut found = Vec::new();
    for (at, object) in taken
        .iter()
        .filter(|(_, object)| object.is(NETWORKING, "WorkloadGroup"))
    {
        let Some(place) = tree.namespaces.get_mut(object.namespace()) else {
            continue;
        };
        let name = &object.name.value;
        if place.groups.get(name).is_some_and(|group| group.vms.is_empty()) {
            place.groups.remove(name);
            let why = "no WorkloadEntry is one of its machines, and the language writes those that are known";
            found.push((*at, Unsaid::new(why, object.span)));
        }
    }
    found
}

/// The labels and annotations of an object may say nothing that the language cannot.
fn metadata(body: &mut Fields<'_>) -> Result<(), Unsaid> {
    metadata_but(body, &[])
}

/// The same, but for keys that are read elsewhere.
fn metadata_but(body: &mut Fields<'_>, read: &[&str]) -> Result<(), Unsaid> {
    let Some(mut metadata) = body.inner("metadata")? else {
        return Ok(());
    };
    for part in ["labels", "annotations"] {
        for (key, _) in metadata.pairs(part) {
            if super::has_meaning(&key.value) && !read.contains(&key.value.as_str()) {
                let why = format!("`{}` in its {part} has no word in the language", key.value);
                return Err(Unsaid::new(why, key.span));
            }
        }
    }
    Ok(())
}

/// The host that Istio takes a name for, in lower case.
fn full_host(host: &str, namespace: &str) -> String {
    super::full_host(host, namespace)
}

/// `50` as `50%`.
fn percent(number: &str) -> String {
    format!("{number}%")
}

/// Lower-case letters, digits and dashes.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
