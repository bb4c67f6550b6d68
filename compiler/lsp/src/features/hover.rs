use mesh_compiler::spec::reference::brief;

use super::{Cursor, Place};
use crate::project::File;
use crate::tree::Range;

/// What is explained, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub word: Range,
    /// Markdown.
    pub text: String,
}

/// What the word at byte `at` means, as the reference of the language tells it.
pub fn hover(file: &File, at: usize) -> Option<Hover> {
    let cursor = Cursor::at(file, at);
    let text = match cursor.place {
        Place::Name(spec) => brief::node(spec, file.language),
        Place::Key(spec, field) | Place::Value(spec, field) => brief::field(spec, field, file.language),
        Place::Entry(spec, Some(field)) if cursor.word.end > cursor.word.start => {
            brief::field(spec, field, file.language)
        }
        _ => return None,
    };
    Some(Hover {
        word: cursor.word,
        text,
    })
}
