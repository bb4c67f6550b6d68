//! What stands at a place of a text, and in which nodes.

mod data;
mod kdl;
mod typed;
pub(super) mod word;

use mesh_compiler::diag::Language;
use mesh_compiler::spec::schema::{Child, Field, NodeSpec};
use mesh_compiler::syntax::{Scalar, Value};

use crate::project::File;
use crate::tree::{Branch, Range};

/// A place in a file.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The nodes around it, the outermost first; the last one is the node itself where the place is in its first line.
    pub around: Vec<Step>,
    /// What is, or may be, written here.
    pub place: Place,
    /// The names of the nodes beside, where it is between nodes or on the name of one.
    pub beside: Vec<String>,
    /// The word that it touches, with its quotes; empty between words.
    pub word: Range,
    /// The value that it touches.
    pub value: Option<Value>,
}

/// A node around a place.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub spec: &'static NodeSpec,
    /// Its arguments and properties as texts, by the names of their fields.
    pub said: Vec<(String, String)>,
}

/// What is, or may be, written at a place.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The name of one of these nodes, which is not there yet, or not known.
    Node(&'static [Child]),
    /// The name of this node, one of those that may stand here.
    Name(&'static NodeSpec, &'static [Child]),
    /// Of YAML and JSON: any key of this node's mapping; of the text's own, if there is no node.
    Keys(Option<&'static NodeSpec>, &'static [Child]),
    /// A value of this field, or a property's key (of KDL).
    Entry(&'static NodeSpec, Option<&'static Field>),
    /// The key of this field; in YAML and JSON of arguments too.
    Key(&'static NodeSpec, &'static Field),
    /// A value of this field.
    Value(&'static NodeSpec, &'static Field),
    /// Something that the language does not know, a comment, or the value of a label.
    Nothing,
}

impl Step {
    /// What it says of `field`.
    pub fn get(&self, field: &str) -> Option<&str> {
        let mut said = self.said.iter();
        said.find(|(name, _)| name == field)
            .map(|(_, text)| text.as_str())
    }

    fn of(spec: &'static NodeSpec, branch: &Branch) -> Self {
        let last = spec.args.last().filter(|_| spec.repeat_last);
        let args = branch.args.iter().enumerate().filter_map(|(at, value)| {
            let field = spec.args.get(at).or(last)?;
            Some((field.name.to_owned(), plain(&value.scalar)?))
        });
        let props = branch
            .props
            .iter()
            .filter_map(|prop| Some((prop.key.value.clone(), plain(&prop.value.scalar)?)));
        Self {
            spec,
            said: args.chain(props).collect(),
        }
    }
}

fn plain(scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Absent | Scalar::List | Scalar::Mapping => None,
        other => Some(other.to_string()),
    }
}

impl Cursor {
    /// What stands at byte `at` of `file`.
    pub fn at(file: &File, at: usize) -> Self {
        match file.language {
            Language::Kdl => kdl::at(&file.tree, file.top(), at),
            Language::Yaml | Language::Json => data::at(&file.tree, at),
        }
    }

    /// What may be written at byte `at` of `file`, where somebody types.
    pub fn typing(file: &File, at: usize) -> Self {
        match file.language {
            Language::Kdl => kdl::at(&file.tree, file.top(), at),
            Language::Yaml | Language::Json => typed::at(&file.text, file.language, at),
        }
    }

    /// The nearest node around with this name.
    pub fn within(&self, name: &str) -> Option<&Step> {
        self.around.iter().rev().find(|step| step.spec.name == name)
    }

    const fn nothing(at: usize) -> Self {
        Self {
            around: Vec::new(),
            place: Place::Nothing,
            beside: Vec::new(),
            word: Range::new(at, at),
            value: None,
        }
    }
}
