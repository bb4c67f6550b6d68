//! The word that is typed, in YAML and JSON, and a mark in its place.

use mesh_compiler::diag::Language;

use crate::tree::Range;

/// Nobody writes this.
pub(in crate::features) const MARK: &str = "MESHC-CURSOR";

/// `text` with the mark in the place of `word`, as a key with its colon or as a value.
fn put(text: &str, word: &Word, language: Language, key: bool) -> String {
    let (before, behind) = (&text[..word.outer.start], &text[word.outer.end..]);
    let colon = word.has_colon(text);
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
pub(in crate::features) struct Word {
    /// Without its quotes.
    pub(in crate::features) inner: Range,
    /// With them.
    pub(in crate::features) outer: Range,
    /// It says nothing.
    pub(in crate::features) in_comment: bool,
}

impl Word {
    /// `text` with the mark in place of the word, as what it may become: a key, a value, or either, the likelier one first.
    pub(in crate::features) fn marked(&self, text: &str, language: Language) -> Vec<String> {
        let put = |key| put(text, self, language, key);
        let before = text[..self.outer.start].trim_end();
        let is_value = before.ends_with(':') && !before.ends_with("::");
        if self.has_colon(text) && !is_value {
            vec![put(false)]
        } else {
            vec![put(!is_value), put(is_value)]
        }
    }

    /// A colon stands behind it.
    pub(in crate::features) fn has_colon(&self, text: &str) -> bool {
        text[self.outer.end..].trim_start().starts_with(':')
    }

    pub(in crate::features) fn at(text: &str, at: usize) -> Self {
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
