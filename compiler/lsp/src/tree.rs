//! What can be seen of a text, right or wrong: while somebody types, a text is wrong most of the time. What is told of
//! mistakes comes from the compiler; this only has to know what stands where.

mod data;
mod kdl;

pub(crate) use data::object;

use mesh_compiler::diag::{FileId, Language, Span, Spanned};
use mesh_compiler::syntax::{Datum, Node, Property, Scalar, Value};

/// A text as nodes.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The nodes at its top.
    pub nodes: Vec<Branch>,
    /// Where comments stand, in order; of KDL only.
    pub comments: Vec<Range>,
    /// Of YAML and JSON: the mappings and lists behind the nodes.
    pub data: Option<Datum>,
}

/// Bytes `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first.
    pub start: usize,
    /// The one behind the last.
    pub end: usize,
}

/// A node, and where its parts are. Places are bytes of the text; the file that they name says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its name, with the quotes.
    pub name: Spanned<String>,
    /// Values without a key.
    pub args: Vec<Value>,
    /// Values with a key.
    pub props: Vec<Property>,
    /// What is in its braces.
    pub children: Vec<Self>,
    /// From its name to where its line or its braces begin, with the blanks before those.
    pub head: Range,
    /// Between its braces; of KDL only.
    pub body: Option<Range>,
    /// All of it.
    pub whole: Range,
}

impl Tree {
    /// The tree of `text`.
    pub fn of(text: &str, language: Language) -> Self {
        match language {
            Language::Kdl => kdl::read(text),
            Language::Yaml | Language::Json => data::read(text, language),
        }
    }
}

impl Range {
    /// The bytes `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Byte `at` is in it, or right behind it.
    pub const fn touches(self, at: usize) -> bool {
        self.start <= at && at <= self.end
    }

    /// As a place of the file that does not matter.
    pub fn span(self) -> Span {
        Span {
            file: FileId::default(),
            start: self.start,
            end: self.end,
        }
    }
}

impl From<Span> for Range {
    fn from(span: Span) -> Self {
        Self::new(span.start, span.end)
    }
}

impl Branch {
    /// The argument `at`, if it is a text.
    pub fn text(&self, at: usize) -> Option<Spanned<&str>> {
        text(self.args.get(at)?)
    }

    /// The property `key`, if it is a text.
    pub fn prop(&self, key: &str) -> Option<Spanned<&str>> {
        let found = self.props.iter().find(|prop| prop.key.value == key)?;
        text(&found.value)
    }

    /// A node that was read elsewhere.
    pub(crate) fn of(node: Node) -> Self {
        let children: Vec<_> = node.children.into_iter().map(Self::of).collect();
        let end = children.iter().map(|child| child.whole.end).max();
        let start = node.span.start.min(node.name.span.start);
        let head = Range::new(start, node.span.end.max(node.name.span.end));
        let ends = node.args.iter().chain(node.props.iter().map(|prop| &prop.value));
        let end = ends
            .map(|value| value.span.end)
            .chain(end)
            .fold(head.end, usize::max);
        Self {
            name: node.name,
            args: node.args,
            props: node.props,
            children,
            head,
            body: None,
            whole: Range::new(start, end),
        }
    }
}

/// `value`, if it is a text.
pub fn text(value: &Value) -> Option<Spanned<&str>> {
    match &value.scalar {
        Scalar::Text(text) => Some(Spanned {
            value: text,
            span: value.span,
        }),
        _ => None,
    }
}
