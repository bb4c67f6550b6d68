//! Text to tree. KDL is read as [`Node`]s at once, YAML and JSON as [`Datum`]s, which the table of the language
//! turns into the same nodes; both carry their places. [`print`] goes the other way.

pub mod print;

mod comments;
mod data;
mod format;
mod json;
mod kdl;
mod lexical;
mod newline;
mod order;
mod plain;
mod repair;
mod tree;
mod yaml;

pub use comments::Comments;
pub use data::{Datum, Entry, Kind};
pub use format::format;
pub(crate) use order::order;
pub use tree::{Node, Property, Scalar, Value};

use crate::diag::{FileId, Language, Sink};

/// What a text says, before the language is asked what that means.
#[derive(Debug)]
pub enum Document {
    /// Of a KDL text.
    Nodes(Vec<Node>),
    /// Of a YAML or a JSON text.
    Data(Datum),
}

/// Reads `text`; what is wrong with it goes to `sink`, and then there may be nothing.
pub fn parse(text: &str, language: Language, file: FileId, sink: &mut Sink) -> Option<Document> {
    sink.speak(file, language);
    match language {
        Language::Kdl => kdl::parse(text, file, sink).map(Document::Nodes),
        Language::Yaml => yaml::parse(text, file, sink).map(Document::Data),
        Language::Json => json::parse(text, DEPTH, file, sink).map(Document::Data),
    }
}

/// The documents of a text in YAML or JSON, as Kubernetes reads them; a broken one leaves the others. What is empty is
/// none.
pub fn documents(text: &str, language: Language, file: FileId, sink: &mut Sink) -> Vec<Datum> {
    if language == Language::Json {
        return json::parse(text, OBJECT_DEPTH, file, sink).into_iter().collect();
    }
    yaml::documents(text, file, sink)
}

/// Objects of Kubernetes go deeper: what describes a kind describes all that is in it.
const OBJECT_DEPTH: usize = 128;

/// Values deeper than this are refused; the language needs 6.
const DEPTH: usize = lexical::LIMIT;

/// So many slips of one text are told; more help nobody.
const SHOWN: usize = lexical::SHOWN;
