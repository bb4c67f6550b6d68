//! YAML and JSON that somebody types: the word that is typed says nothing yet, and may even break the text. A mark is put
//! in its place, once as a key and once as a value, and looked for in what can be understood then.

use mesh_compiler::diag::Language;
use mesh_compiler::syntax::{Scalar, Value};

use super::word::{MARK, Word};
use super::{Cursor, Place, data};
use crate::tree::Tree;

/// What may be written at byte `at` of `text`.
pub(super) fn at(text: &str, language: Language, at: usize) -> Cursor {
    let word = Word::at(text, at);
    if word.in_comment {
        return Cursor::nothing(at);
    }
    let found = word
        .marked(text, language)
        .iter()
        .find_map(|marked| look(marked, language));
    let mut cursor = found.unwrap_or_else(|| Cursor::nothing(at));
    cursor.word = match (cursor.place, language) {
        // A key goes with its quotes.
        (Place::Keys(..), _) => word.outer,
        _ => word.inner,
    };
    cursor.value = Some(Value {
        scalar: Scalar::Text(text[word.inner.start..word.inner.end].to_owned()),
        span: word.outer.span(),
    });
    cursor
}

fn look(text: &str, language: Language) -> Option<Cursor> {
    let tree = Tree::of(text, language);
    let mut cursor = Cursor::nothing(0);
    let found = data::mapping(tree.data.as_ref()?, None, &|_, text| text == MARK, &mut cursor);
    found.then_some(cursor)
}
