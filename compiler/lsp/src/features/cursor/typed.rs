//! YAML and JSON that somebody types: the word that is typed says nothing yet, and may even break the text. A mark is put
//! in its place, once as a key and once as a value, and looked for in what can be understood then.

use mesh_compiler::diag::Language;
use mesh_compiler::syntax::{Scalar, Value};

use super::{Cursor, Place, data};
use crate::tree::{Range, Tree};

/// Nobody writes this.
const MARK: &str = "MESHC-CURSOR";

/// What may be written at byte `at` of `text`.
pub(super) fn at(text: &str, language: Language, at: usize) -> Cursor {
    let word = Word::at(text, at);
    if word.in_comment {
        return Cursor::nothing(at);
    }
    let before = text[..word.outer.start].trim_end();
    let behind = &text[word.outer.end..];
    let key = || look(&marked(text, &word, language, true), language);
    let value = || look(&marked(text, &word, language, false), language);
    let is_value = before.ends_with(':') && !before.ends_with("::");
    let found = if behind.trim_start().starts_with(':') && !is_value {
        value()
    } else if is_value {
        value().or_else(key)
    } else {
        key().or_else(value)
    };
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

/// `text` with the mark in the place of `word`, as a key with its colon or as a value.
fn marked(text: &str, word: &Word, language: Language, key: bool) -> String {
    let (before, behind) = (&text[..word.outer.start], &text[word.outer.end..]);
    let colon = behind.trim_start().starts_with(':');
    match language {
        Language::Json => {
            let last = before.trim_end().chars().last();
            let comma_before = if key && !matches!(last, Some('{' | ',' | '[')) {
                ","
            } else {
                ""
            };
            let next = behind.trim_start().chars().next();
            let ends = matches!(next, Some('}' | ']' | ',' | ':') | None);
            let comma_behind = if key && !ends { "," } else { "" };
            let value = if key && !colon { ": null" } else { "" };
            format!("{before}{comma_before}\"{MARK}\"{value}{comma_behind}{behind}")
        }
        _ => {
            let value = if key && !colon { ": " } else { "" };
            let space = if before.ends_with([':', '-']) { " " } else { "" };
            format!("{before}{space}{MARK}{value}{behind}")
        }
    }
}

/// The word around a place.
struct Word {
    /// Without its quotes.
    inner: Range,
    /// With them.
    outer: Range,
    in_comment: bool,
}

impl Word {
    fn at(text: &str, at: usize) -> Self {
        let at = text.floor_char_boundary(at.min(text.len()));
        let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let end = text[at..]
            .find(['\n', '\r'])
            .map_or(text.len(), |length| at + length);
        let mut quote: Option<(char, usize)> = None;
        let mut in_comment = false;
        let mut blank = true;
        for (length, c) in text[start..at].char_indices() {
            match (quote, c) {
                (Some((open, _)), c) if c == open => quote = None,
                (None, '"' | '\'') => quote = Some((c, start + length)),
                (None, '#') if blank => in_comment = true,
                _ => {}
            }
            blank = c.is_whitespace();
        }
        let (inner, outer) = match quote {
            Some((open, quote)) => {
                let inner = Range::new(
                    quote + 1,
                    text[at..end].find(open).map_or(end, |length| at + length),
                );
                let closed = inner.end < end;
                (inner, Range::new(quote, inner.end + usize::from(closed)))
            }
            None => {
                let ends = |c: char| c.is_whitespace() || "[]{},:\"'".contains(c);
                let first = text[start..at].rfind(ends).map_or(start, |found| {
                    start + found + text[start + found..].chars().next().map_or(1, char::len_utf8)
                });
                let last = text[at..end].find(ends).map_or(end, |length| at + length);
                (Range::new(first, last), Range::new(first, last))
            }
        };
        Self {
            inner,
            outer,
            in_comment,
        }
    }
}
