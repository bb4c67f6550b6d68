use super::{foreign, shape};
use crate::diag::{FileId, Language, Sink};
use crate::syntax::{self, Document, Node};

/// The nodes of `text`, in whatever language; what is wrong with it goes to `sink`, and then there may be none.
pub fn parse(text: &str, language: Language, file: FileId, sink: &mut Sink) -> Option<Vec<Node>> {
    match syntax::parse(text, language, file, sink)? {
        Document::Nodes(nodes) => Some(nodes),
        Document::Data(datum) if foreign::is(&datum, sink) => None,
        Document::Data(datum) => shape::nodes(&datum, sink),
    }
}
