//! The table of the language. Checks, and whatever explains or completes the language, read only this.

mod access;
mod authorizer;
mod capture;
mod check;
mod defaults;
mod dns;
mod elastic;
mod expect;
mod external;
mod files;
mod jwt;
mod mesh;
mod param;
mod place;
mod role;
mod route;
mod service;
mod telemetry;
mod traffic;
mod tune;
mod vms;

pub use expect::TESTS;
pub use role::{Kind, Role};

pub(crate) use route::GRPC_CODES;

use super::Ty;

pub(crate) use param::TYPES as PARAM_TYPES;

/// A node.
#[derive(Debug)]
pub struct NodeSpec {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Values without a key, in order.
    pub args: &'static [Field],
    /// The last of `args` may be written several times.
    pub repeat_last: bool,
    /// Values with a key.
    pub props: &'static [Field],
    /// All other properties are labels `key=value`, if so.
    pub labels: bool,
    /// Of these properties and children, one is said: they are ways to the same thing.
    pub choice: &'static [&'static str],
    /// Nodes in its braces.
    pub children: &'static [Child],
}

impl NodeSpec {
    /// It holds labels and nothing else.
    pub(crate) const fn only_labels(&self) -> bool {
        self.labels && self.args.is_empty() && self.props.is_empty() && self.children.is_empty()
    }
}

/// A node at its place.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Which.
    pub node: &'static NodeSpec,
    /// How often.
    pub times: Times,
}

/// How often a node may be written at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Once or not at all.
    Optional,
    /// Once.
    Once,
    /// As often as one likes.
    Any,
    /// Once or more.
    Some,
}

/// A value of a node.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key; for values without one, what the documentation calls it.
    pub name: &'static str,
    /// What it is.
    pub ty: Ty,
    /// It has to be there.
    pub required: bool,
    /// What it means.
    pub about: &'static str,
    /// What it has to do with names.
    pub role: Role,
}

/// What stands at the top of a spec.
pub static SPEC: &[Child] = &[
    any(&files::INCLUDE),
    any(&param::PARAM),
    any(&param::PROFILE),
    once(&mesh::MESH),
    any(&place::NETWORK),
    any(&place::CLUSTER),
    some(&place::NAMESPACE),
    any(&files::RAW),
    any(&files::FILE),
    // Last: what has the name of a node means the node first.
    optional(&defaults::DEFAULTS),
];

const NODE: NodeSpec = NodeSpec {
    name: "",
    about: "",
    args: &[],
    repeat_last: false,
    props: &[],
    labels: false,
    choice: &[],
    children: &[],
};

const fn needs(name: &'static str, ty: Ty, about: &'static str) -> Field {
    Field {
        name,
        ty,
        required: true,
        about,
        role: Role::Plain,
    }
}

const fn may(name: &'static str, ty: Ty, about: &'static str) -> Field {
    Field {
        name,
        ty,
        required: false,
        about,
        role: Role::Plain,
    }
}

const fn once(node: &'static NodeSpec) -> Child {
    Child {
        node,
        times: Times::Once,
    }
}

const fn optional(node: &'static NodeSpec) -> Child {
    Child {
        node,
        times: Times::Optional,
    }
}

const fn any(node: &'static NodeSpec) -> Child {
    Child {
        node,
        times: Times::Any,
    }
}

const fn some(node: &'static NodeSpec) -> Child {
    Child {
        node,
        times: Times::Some,
    }
}

/// The nodes that `name` may be written in.
pub fn parents_of(name: &str) -> Vec<&'static str> {
    fn visit(
        children: &'static [Child],
        parent: Option<&'static str>,
        name: &str,
        found: &mut Vec<&'static str>,
    ) {
        for child in children {
            if child.node.name == name
                && let Some(parent) = parent
                && !found.contains(&parent)
            {
                found.push(parent);
            }
            visit(child.node.children, Some(child.node.name), name, found);
        }
    }
    let mut found = Vec::new();
    visit(SPEC, None, name, &mut found);
    found
}
