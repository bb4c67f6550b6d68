//! What may be written at a place: nodes, keys, values, and names of what the spec declares.

mod files;
mod names;
mod snippet;
mod values;

use mesh_compiler::diag::Language;
use mesh_compiler::spec::reference::brief;
use mesh_compiler::spec::schema::{Child, Field, NodeSpec, Role, Times};
use mesh_compiler::syntax::print;

use super::{Cursor, Place};
use crate::names::inner;
use crate::project::{Desk, Project};
use crate::tree::Range;

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub label: String,
    /// What kind of thing it is.
    pub what: Completion,
    /// A word or two beside it.
    pub detail: String,
    /// What it means, as Markdown.
    pub about: String,
    /// What takes the place of `range`.
    pub insert: Insert,
    /// What goes: the word that is being typed.
    pub range: Range,
    /// Offers with a lower number come first.
    pub order: usize,
}

/// What kind of thing is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// A node.
    Node,
    /// A property.
    Property,
    /// A value of the language's own.
    Value,
    /// Something that the spec declares.
    Name,
    /// A file or folder.
    File,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insert {
    /// This text.
    Text(String),
    /// A text with places to go on at, in the syntax of the protocol's snippets; and what to write where there are none.
    Snippet(String, String),
}

/// What may be written at byte `at` of the file that `project` is around.
pub fn complete(project: &Project, at: usize, desk: &Desk) -> Vec<Offer> {
    let file = project.file();
    let cursor = Cursor::typing(file, at);
    let context = Context {
        project,
        desk,
        at,
        language: file.language,
        cursor: &cursor,
    };
    let mut offers = match cursor.place {
        Place::Node(known) | Place::Name(_, known) => context.nodes(known),
        Place::Key(spec, _) if context.language != Language::Kdl => context.keys(Some(spec), spec.children),
        Place::Keys(spec, known) => context.keys(spec, known),
        Place::Entry(spec, field) => {
            let mut offers = field.map_or_else(Vec::new, |field| context.values(field));
            offers.extend(context.properties(spec));
            offers
        }
        Place::Key(spec, _) => context.properties(spec),
        Place::Value(_, field) => context.values(field),
        Place::Nothing => Vec::new(),
    };
    for (order, offer) in offers.iter_mut().enumerate() {
        offer.order = order;
    }
    offers
}

/// Where something is completed.
struct Context<'a> {
    project: &'a Project,
    desk: &'a Desk,
    at: usize,
    language: Language,
    cursor: &'a Cursor,
}

impl Context<'_> {
    fn nodes(&self, known: &'static [Child]) -> Vec<Offer> {
        let alone = |child: &Child| matches!(child.times, Times::Optional | Times::Once);
        let there = |name: &str| self.cursor.beside.iter().any(|beside| beside == name);
        let wanted = known
            .iter()
            .filter(|child| !(alone(child) && there(child.node.name)));
        wanted.map(|child| self.node(child.node)).collect()
    }

    fn node(&self, spec: &'static NodeSpec) -> Offer {
        Offer {
            label: spec.name.to_owned(),
            what: Completion::Node,
            detail: String::new(),
            about: brief::node(spec, self.language),
            insert: snippet::node(spec, self.language),
            range: self.cursor.word,
            order: 0,
        }
    }

    /// What is not said yet; of what may be a list, again.
    fn properties(&self, spec: &'static NodeSpec) -> Vec<Offer> {
        let said = self.cursor.around.last();
        let free =
            |field: &&Field| field.ty.is_list() || said.is_none_or(|step| step.get(field.name).is_none());
        let fields = spec.props.iter().filter(free);
        fields.map(|field| self.property(spec, field)).collect()
    }

    fn property(&self, spec: &'static NodeSpec, field: &'static Field) -> Offer {
        // Where a value stands behind the key already, the key alone is written.
        let alone = matches!(self.cursor.place, Place::Key(..));
        Offer {
            label: field.name.to_owned(),
            what: Completion::Property,
            detail: field.ty.describe(),
            about: brief::field(spec, field, self.language),
            insert: if alone {
                Insert::Text(field.name.to_owned())
            } else {
                snippet::property(field, self.language)
            },
            range: self.cursor.word,
            order: 0,
        }
    }

    /// Keys of a mapping that are not there yet.
    fn keys(&self, spec: Option<&'static NodeSpec>, known: &'static [Child]) -> Vec<Offer> {
        let there = |name: &str| self.cursor.beside.iter().any(|beside| beside == name);
        let fields = spec.map_or(&[][..], |spec| spec.args).iter();
        let fields = fields.chain(spec.map_or(&[][..], |spec| spec.props));
        let mut offers: Vec<_> = spec
            .map(|spec| {
                let free = fields.filter(|field| !there(field.name));
                free.map(|field| self.property(spec, field)).collect()
            })
            .unwrap_or_default();
        let nodes = known.iter().filter(|child| !there(child.node.name));
        offers.extend(nodes.map(|child| self.node(child.node)));
        offers
    }

    fn values(&self, field: &'static Field) -> Vec<Offer> {
        let place = self.part(field);
        if field.role == Role::File {
            return files::offers(self, &place);
        }
        if field.role == Role::Code {
            return values::codes(self, &place);
        }
        let mut offers = names::offers(self, field, &place);
        offers.extend(values::offers(self, field, &place));
        offers.extend(names::parameters(self, &place));
        offers
    }

    /// The part of a value that is being typed: of a list, the one at the place.
    fn part(&self, field: &Field) -> Part {
        let bare = Part {
            range: self.cursor.word,
            typed: String::new(),
            quoted: false,
        };
        let Some(value) = &self.cursor.value else {
            return bare;
        };
        let Some(inner) = inner(value) else { return bare };
        let (start, end) = (inner.span.start, inner.span.end);
        let at = self.at.clamp(start, end);
        let (before, behind) = inner.value.split_at(inner.value.floor_char_boundary(at - start));
        let list = field.ty.is_list();
        let first = before.rfind(',').filter(|_| list).map_or(0, |comma| comma + 1);
        let last = behind.find(',').filter(|_| list).unwrap_or(behind.len());
        Part {
            range: Range::new(start + first, at + last),
            typed: before[first..].to_owned(),
            quoted: inner.span != value.span || first > 0,
        }
    }

    fn offer(&self, label: &str, what: Completion, detail: &str, part: &Part) -> Offer {
        let text = if part.quoted {
            label.to_owned()
        } else {
            print::word(label, self.language)
        };
        Offer {
            label: label.to_owned(),
            what,
            detail: detail.to_owned(),
            about: String::new(),
            insert: Insert::Text(text),
            range: part.range,
            order: 0,
        }
    }
}

/// A part of a value.
struct Part {
    /// Where it stands.
    range: Range,
    /// What stands before the place in it.
    typed: String,
    /// It stands in quotes.
    quoted: bool,
}
