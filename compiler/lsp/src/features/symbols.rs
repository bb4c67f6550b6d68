use mesh_compiler::spec::schema::{Child, Kind, NodeSpec, Role};

use crate::project::{File, Project};
use crate::tree::{Branch, Range};

/// Something in a file that is worth finding.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Its name, or the node's where it has none.
    pub name: String,
    /// The node's name, where that is not the symbol's.
    pub detail: String,
    /// What it declares, if it does.
    pub kind: Option<Kind>,
    /// All of it.
    pub whole: Range,
    /// Its name.
    pub place: Range,
    /// What is in it.
    pub children: Vec<Self>,
}

/// What a file declares, as it is nested there.
pub fn outline(file: &File) -> Vec<Symbol> {
    nodes(&file.tree.nodes, file.top())
}

fn nodes(branches: &[Branch], known: &'static [Child]) -> Vec<Symbol> {
    let known = |branch: &Branch| known.iter().find(|child| child.node.name == branch.name.value);
    branches
        .iter()
        .filter_map(|branch| symbol(branch, known(branch)?.node))
        .collect()
}

/// A node that declares something, or holds what does.
fn symbol(branch: &Branch, spec: &'static NodeSpec) -> Option<Symbol> {
    let children = nodes(&branch.children, spec.children);
    let field = spec.args.first();
    let kind = field.and_then(|field| match field.role {
        Role::Declares(kind) => Some(kind),
        _ => None,
    });
    let holds = !spec.children.is_empty() && !branch.children.is_empty();
    if kind.is_none() && !holds {
        return None;
    }
    let node = &branch.name;
    let value = branch.args.first();
    let (name, detail, place) = match value {
        Some(value) => (value.scalar.to_string(), node.value.clone(), value.span),
        None => (node.value.clone(), String::new(), node.span),
    };
    Some(Symbol {
        name: if name.is_empty() { node.value.clone() } else { name },
        detail,
        kind,
        whole: branch.whole,
        place: place.into(),
        children,
    })
}

/// What a spec declares whose name has the letters of `query` in it, in their order.
pub fn search<'a>(project: &'a Project, query: &str) -> Vec<(&'a File, Symbol)> {
    let names = project.names();
    let fitting = names.declared().filter(|(key, _)| fits(&key.name, query));
    fitting
        .map(|(key, spot)| {
            let symbol = Symbol {
                name: key.name.clone(),
                detail: key.namespace.clone(),
                kind: Some(key.kind),
                whole: spot.mention.whole.unwrap_or(spot.mention.place),
                place: spot.mention.place,
                children: Vec::new(),
            };
            (project.files[spot.file].as_ref(), symbol)
        })
        .collect()
}

fn fits(name: &str, query: &str) -> bool {
    let mut letters = name.chars().map(|c| c.to_ascii_lowercase());
    query
        .chars()
        .all(|wanted| letters.any(|letter| letter == wanted.to_ascii_lowercase()))
}
