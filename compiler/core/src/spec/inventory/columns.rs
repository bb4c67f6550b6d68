use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Fix, Sink, Span, Spanned, code, did_you_mean, list};
use crate::spec::Ty;
use crate::spec::schema::{Field, NodeSpec};

/// What a column is.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// An argument of the machine: its name.
    Arg(&'static Field),
    /// A property of the machine.
    Prop(&'static Field),
    /// The label with this key.
    Label(String),
    /// A property of a node of the machine: `ssh-user`.
    Part(&'static NodeSpec, &'static Field),
    /// A whole node of the machine, a mapping: `ssh`, `labels`.
    Node(&'static NodeSpec),
}

/// Reads the heads of columns.
pub(super) struct Columns<'a> {
    /// The machine's place in the table.
    pub(super) vm: &'static NodeSpec,
    renamed: &'a [(Spanned<String>, Spanned<String>)],
    ignored: &'a [Spanned<String>],
    /// The heads that were seen, and where they are first.
    seen: BTreeMap<String, Span>,
}

/// How labels are headed.
const LABEL: &str = "label:";

impl<'a> Columns<'a> {
    pub(super) const fn new(
        vm: &'static NodeSpec,
        renamed: &'a [(Spanned<String>, Spanned<String>)],
        ignored: &'a [Spanned<String>],
    ) -> Self {
        Self {
            vm,
            renamed,
            ignored,
            seen: BTreeMap::new(),
        }
    }

    /// What the column `head` is; `None` is nothing, and that was said where it is a mistake.
    pub(super) fn target(&mut self, head: &str, place: Span, sink: &mut Sink) -> Option<Target> {
        self.seen.entry(head.to_owned()).or_insert(place);
        let renamed = self.renamed.iter().find(|(name, _)| name.value == head);
        let name = renamed.map_or(head, |(_, known)| known.value.as_str());
        // What is renamed is meant; a mistake in its new name is one of the spec.
        let place = renamed.map_or(place, |(_, known)| known.span);
        if renamed.is_none() && self.ignored.iter().any(|ignored| ignored.value == head) {
            return None;
        }
        let found = self.known(name);
        let rest = self.ignored.iter().any(|ignored| ignored.value == "*");
        if found.is_none() && (renamed.is_some() || !rest) {
            sink.push(self.unknown(name, place, renamed.is_some()));
        }
        found
    }

    fn known(&self, name: &str) -> Option<Target> {
        if let Some(key) = name.strip_prefix(LABEL) {
            return Some(Target::Label(key.to_owned()));
        }
        let named = |field: &&'static Field| field.name == name;
        if let Some(field) = self.vm.args.iter().find(named) {
            return Some(Target::Arg(field));
        }
        if let Some(field) = self.vm.props.iter().find(named) {
            return Some(Target::Prop(field));
        }
        for child in self.vm.children {
            if child.node.name == name || child.node.labels && name == "labels" {
                return Some(Target::Node(child.node));
            }
            let rest = name
                .strip_prefix(child.node.name)
                .and_then(|rest| rest.strip_prefix('-'));
            if let Some(field) =
                rest.and_then(|rest| child.node.props.iter().find(|field| field.name == rest))
            {
                return Some(Target::Part(child.node, field));
            }
        }
        None
    }

    /// Every name that a column can have; labels have any.
    fn names(&self) -> Vec<String> {
        let own = self.vm.args.iter().chain(self.vm.props);
        let mut names: Vec<_> = own.map(|field| field.name.to_owned()).collect();
        for child in self.vm.children {
            let parts = child.node.props.iter();
            names.extend(parts.map(|field| format!("{}-{}", child.node.name, field.name)));
        }
        names.push(format!("{LABEL}KEY"));
        names
    }

    fn unknown(&self, name: &str, place: Span, renamed: bool) -> Diagnostic {
        let names = self.names();
        let found = Diagnostic::new(
            &code::UNKNOWN_PROPERTY,
            place,
            format!("a machine has no column `{name}`"),
        );
        match did_you_mean(name, names.iter().map(String::as_str)) {
            Some(near) if renamed => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::meant(place, name, names.iter().map(String::as_str))),
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `column \"{name}\" as={near}` in the braces of `inventory`, or rename it")),
            None if renamed => found.help(format!("it is {}", list(names.iter().map(String::as_str)))),
            None => found.help(format!(
                "write `column \"{name}\" as=…` or `ignore \"{name}\"` in the braces of `inventory`; columns are {}",
                list(names.iter().map(String::as_str))
            )),
        }
    }

    /// What is renamed or ignored and not there.
    pub(super) fn strays(&self, sink: &mut Sink) {
        let renamed = self.renamed.iter().map(|(name, _)| name);
        let ignored = self.ignored.iter().filter(|name| name.value != "*");
        for name in renamed.chain(ignored) {
            if self.seen.contains_key(&name.value) {
                continue;
            }
            let found = Diagnostic::new(
                &code::UNKNOWN_REFERENCE,
                name.span,
                format!("the inventory has no column `{}`", name.value),
            );
            let heads = || self.seen.keys().map(String::as_str);
            sink.push(match did_you_mean(&name.value, heads()) {
                Some(near) => found
                    .here(format!("did you mean `{near}`?"))
                    .label(
                        self.seen.get(near).copied().unwrap_or(name.span),
                        "there is this one",
                    )
                    .help(format!("write \"{near}\""))
                    .fix(Fix::meant(name.span, &name.value, heads())),
                None => found.help(format!("it has {}", list(heads()))),
            });
        }
    }
}

impl Target {
    /// What is in the column, where it is a single value.
    pub(super) fn ty(&self) -> Option<Ty> {
        match self {
            Self::Arg(field) | Self::Prop(field) | Self::Part(_, field) => Some(field.ty),
            Self::Label(_) | Self::Node(_) => None,
        }
    }

    /// Two columns that say the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Arg(one), Self::Arg(two)) | (Self::Prop(one), Self::Prop(two)) => one.name == two.name,
            (Self::Label(one), Self::Label(two)) => one == two,
            (Self::Part(of, one), Self::Part(in_, two)) => of.name == in_.name && one.name == two.name,
            (Self::Node(one), Self::Node(two)) => one.name == two.name,
            _ => false,
        }
    }
}
