use mesh_compiler::diag::Spanned;
use mesh_compiler::spec::schema::{Child, Field, Kind, NodeSpec, Role};
use mesh_compiler::spec::{Ty, WITHOUT_PARAMS, params_in};
use mesh_compiler::syntax::{Scalar, Value};

use super::inventory::{Inventory, columns_of};
use crate::tree::{Branch, Range, Tree};

/// A name that is written somewhere, not looked up yet.
#[derive(Clone, Debug)]
pub struct Mention {
    /// What it is the name of.
    pub kind: Kind,
    /// The namespace that it is looked up in; empty outside of namespaces.
    pub namespace: String,
    /// Of subsets and ports: the service, or nothing.
    pub service: String,
    /// The name.
    pub name: String,
    /// What it has to be; `None` where it is a part of something else.
    pub ty: Option<Ty>,
    /// Where it stands, without quotes.
    pub place: Range,
    /// What it is to its place.
    pub part: Part,
    /// Of a declaration: all of its node.
    pub whole: Option<Range>,
}

/// What a name is to the place that it stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A whole value without quotes.
    Bare,
    /// It stands in quotes, or beside something else.
    Inner,
    /// It is not written: a group without a name has its service's, and the place is the node's name.
    Implied,
}

/// What a text says of names.
#[derive(Debug, Default)]
pub struct Said {
    /// Those that stand in it.
    pub mentions: Vec<Mention>,
    /// Other files with names.
    pub inventories: Vec<Inventory>,
}

/// All names in `tree`, at whose top `known` may stand.
pub fn said(tree: &Tree, known: &'static [Child]) -> Said {
    let mut walk = Walk::within("");
    walk.nodes(&tree.nodes, known);
    Said {
        mentions: walk.found,
        inventories: walk.inventories,
    }
}

pub(super) struct Walk<'a> {
    namespace: &'a str,
    service: &'a str,
    /// The file of the inventory around.
    inventory: &'a str,
    pub(super) found: Vec<Mention>,
    inventories: Vec<Inventory>,
}

impl<'a> Walk<'a> {
    pub(super) const fn within(namespace: &'a str) -> Self {
        Self {
            namespace,
            service: "",
            inventory: "",
            found: Vec::new(),
            inventories: Vec::new(),
        }
    }

    fn nodes(&mut self, nodes: &'a [Branch], known: &'static [Child]) {
        for branch in nodes {
            let child = known.iter().find(|child| child.node.name == branch.name.value);
            if let Some(child) = child {
                self.node(branch, child.node);
            }
        }
    }

    pub(super) fn node(&mut self, branch: &'a Branch, spec: &'static NodeSpec) {
        let before = (self.namespace, self.service);
        let own = branch.text(0).map_or("", |name| name.value);
        // Names that are declared stand around the node, not in it.
        self.fields(branch, spec);
        match spec.name {
            "namespace" => (self.namespace, self.service) = (own, ""),
            "service" | "external" if !spec.args.is_empty() => self.service = own,
            "inventory" => self.inventory = own,
            _ => {}
        }
        let listed = branch
            .children
            .iter()
            .filter(|child| child.name.value == "inventory");
        let of = |child| Inventory::of(child, spec, self.namespace, self.service);
        self.inventories.extend(listed.filter_map(of));
        if spec.name == "vms" && branch.args.is_empty() && !self.service.is_empty() {
            self.implied(branch);
        }
        if !WITHOUT_PARAMS.contains(&spec.name) {
            self.parameters(branch);
        }
        self.nodes(&branch.children, spec.children);
        (self.namespace, self.service) = before;
    }

    fn fields(&mut self, branch: &'a Branch, spec: &'static NodeSpec) {
        let last = spec.args.last().filter(|_| spec.repeat_last);
        for (at, value) in branch.args.iter().enumerate() {
            if let Some(field) = spec.args.get(at).or(last) {
                self.value(branch, field, value);
            }
        }
        for prop in &branch.props {
            if let Some(field) = spec.props.iter().find(|field| field.name == prop.key.value) {
                self.value(branch, field, &prop.value);
            }
        }
    }

    fn value(&mut self, branch: &'a Branch, field: &'static Field, value: &Value) {
        let (kind, declares) = match field.role {
            Role::Declares(kind) => (kind, true),
            Role::Names(kind) => (kind, false),
            Role::Plain | Role::File | Role::Code => return,
        };
        let Some(inner) = inner(value) else { return };
        let pieces = if field.ty.is_list() {
            pieces(&inner)
        } else {
            vec![inner]
        };
        for piece in pieces.into_iter().filter(|piece| !piece.value.contains('$')) {
            self.piece(branch, field, kind, declares, piece, value);
        }
    }

    fn piece(
        &mut self,
        branch: &'a Branch,
        field: &'static Field,
        kind: Kind,
        declares: bool,
        piece: Spanned<String>,
        value: &Value,
    ) {
        let mut mention = Mention {
            kind,
            namespace: self.namespace.to_owned(),
            service: String::new(),
            ty: Some(field.ty),
            part: part(&piece, value),
            place: piece.span.into(),
            name: piece.value,
            whole: declares.then_some(branch.whole),
        };
        match kind {
            Kind::Service | Kind::Caller | Kind::Target if !declares => {
                mention.ty = None;
                if kind == Kind::Target {
                    self.service.clone_into(&mut mention.service);
                }
                if matches!(mention.name.as_str(), "*" | "outside") || mention.name.starts_with("spiffe://") {
                    return;
                }
                // `name@cluster`: whose pods are meant.
                if let Some((name, _)) = mention.name.clone().split_once('@') {
                    mention.place.end = mention.place.start + name.len();
                    mention.part = Part::Inner;
                    mention.name = name.to_owned();
                }
                if let Some((of, name)) = mention.name.clone().split_once('/') {
                    self.qualified(&mut mention, of, name);
                    if name == "*" {
                        return;
                    }
                }
            }
            Kind::Subset | Kind::Port => {
                let of = branch
                    .prop("service")
                    .filter(|_| !declares)
                    .map(|found| found.value);
                let (namespace, service) = match of {
                    Some(of) => of.split_once('/').unwrap_or((self.namespace, of)),
                    None => (self.namespace, self.service),
                };
                mention.namespace = namespace.to_owned();
                mention.service = service.to_owned();
            }
            Kind::Column if mention.name == "*" => return,
            Kind::Column => mention.service = columns_of(self.service, self.inventory),
            Kind::Namespace
                if !declares && matches!(mention.name.as_str(), "mesh" | "namespace" | "nobody" | "*") =>
            {
                return;
            }
            Kind::Service | Kind::Account | Kind::Group | Kind::Machine | Kind::Caller | Kind::Target => {}
            _ => mention.namespace.clear(),
        }
        self.found.push(mention);
    }

    /// `namespace/name`: two names in one.
    fn qualified(&mut self, mention: &mut Mention, of: &str, name: &str) {
        let start = mention.place.start;
        self.found.push(Mention {
            kind: Kind::Namespace,
            namespace: String::new(),
            name: of.to_owned(),
            place: Range::new(start, start + of.len()),
            part: Part::Inner,
            ..mention.clone()
        });
        mention.place.start = start + of.len() + 1;
        mention.namespace = of.to_owned();
        mention.name = name.to_owned();
        mention.part = Part::Inner;
    }

    fn implied(&mut self, branch: &Branch) {
        self.found.push(Mention {
            kind: Kind::Group,
            namespace: self.namespace.to_owned(),
            service: String::new(),
            name: self.service.to_owned(),
            ty: None,
            place: branch.name.span.into(),
            part: Part::Implied,
            whole: Some(branch.whole),
        });
    }

    fn parameters(&mut self, branch: &Branch) {
        let values = branch
            .args
            .iter()
            .chain(branch.props.iter().map(|prop| &prop.value));
        for inner in values.filter_map(inner) {
            for place in params_in(&inner.value) {
                self.found.push(Mention {
                    kind: Kind::Parameter,
                    namespace: String::new(),
                    service: String::new(),
                    name: inner.value[place.clone()].to_owned(),
                    ty: None,
                    place: Range::new(inner.span.start + place.start, inner.span.start + place.end),
                    part: Part::Inner,
                    whole: None,
                });
            }
        }
    }
}

/// The text of a value and where it stands without its quotes; `None` if it does not stand there letter by letter.
pub fn inner(value: &Value) -> Option<Spanned<String>> {
    let text = match &value.scalar {
        Scalar::Text(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        _ => return None,
    };
    let mut span = value.span;
    match (span.end - span.start).checked_sub(text.len())? {
        0 => {}
        // Its quotes are not closed yet.
        1 => span.start += 1,
        2 => (span.start, span.end) = (span.start + 1, span.end - 1),
        _ => return None,
    }
    Some(Spanned { value: text, span })
}

/// The parts of a list by comma.
fn pieces(list: &Spanned<String>) -> Vec<Spanned<String>> {
    let mut at = list.span.start;
    let mut found = Vec::new();
    for part in list.value.split(',') {
        let name = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        if !name.is_empty() {
            found.push(Spanned {
                value: name.to_owned(),
                span: Range::new(start, start + name.len()).span(),
            });
        }
        at += part.len() + 1;
    }
    found
}

pub(super) fn part(piece: &Spanned<String>, value: &Value) -> Part {
    if piece.span.start == value.span.start && piece.span.end == value.span.end {
        Part::Bare
    } else {
        Part::Inner
    }
}
