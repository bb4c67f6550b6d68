//! Text to tree. [`Node`]s carry their places; what language the text was written in is forgotten here.

mod kdl;
mod lexical;
mod repair;
mod tree;

pub use tree::{Node, Property, Scalar, Value};

use crate::diag::{FileId, Sink};

/// The nodes of `text`; what is wrong with it goes to `sink`, and then there may be none.
pub fn parse(text: &str, file: FileId, sink: &mut Sink) -> Option<Vec<Node>> {
    kdl::parse(text, file, sink)
}
