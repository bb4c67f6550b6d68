use mesh_compiler::diag::Diagnostic;
use mesh_compiler::rules;
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

/// What the word at byte `at` means, as the reference of the language tells it, and the pages of what was `found` there.
pub fn hover(file: &File, at: usize, found: &[&Diagnostic]) -> Option<Hover> {
    let cursor = Cursor::at(file, at);
    let written = cursor.word.end > cursor.word.start;
    let meaning = match cursor.place {
        Place::Name(spec, _) => Some(brief::node(spec, file.language)),
        Place::Key(spec, field) | Place::Value(spec, field) => Some(brief::field(spec, field, file.language)),
        Place::Entry(spec, Some(field)) if written => Some(brief::field(spec, field, file.language)),
        _ => None,
    };
    let mut pages: Vec<_> = found.iter().filter_map(|found| rules::page(found.code)).collect();
    pages.dedup();
    let parts: Vec<_> = meaning.as_deref().into_iter().chain(pages).collect();
    let word = match found.first() {
        Some(found) if meaning.is_none() => found.primary.span.into(),
        _ => cursor.word,
    };
    (!parts.is_empty()).then(|| Hover {
        word,
        text: parts.join("\n---\n\n"),
    })
}
