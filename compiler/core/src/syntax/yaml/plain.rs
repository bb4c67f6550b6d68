//! The YAML that nearly every manifest consists of, read at once: blocks of keys and of entries, values on the line of
//! their key, lists in brackets, comments.
//!
//! Whatever is not plain, mistakes above all, is left to `granit-parser`: a document is read here whole or not at all,
//! and what is read here the parser reads the same.

mod inline;

use super::Manner;
use crate::diag::{FileId, Span, Spanned};
use crate::syntax::{Datum, Entry, Kind, Scalar};

/// Blocks in blocks that are followed; deeper ones are left to the parser.
const DEPTH: usize = 24;

/// The document `text`, which begins at the byte `base` of its file, if it is plain.
pub(super) fn parse(text: &str, base: usize, file: FileId, manner: &Manner) -> Option<Datum> {
    let ours = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
    if !text.as_bytes().iter().all(ours) {
        return None;
    }
    let mut reader = Reader {
        text,
        base,
        file,
        manner,
        at: 0,
        column: None,
        entries: Vec::new(),
        items: Vec::new(),
    };
    if let Some(rest) = text.strip_prefix("---") {
        let line = rest.find('\n')?;
        rest[..line].trim_end().is_empty().then_some(())?;
        reader.at = "---".len() + line + 1;
    }
    reader.line();
    let root = reader.block(DEPTH)?;
    reader.column.is_none().then_some(root)
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    file: FileId,
    manner: &'a Manner,
    at: usize,
    /// Where on its line the reader is, where that is the first word of one; `None` at the end of the text.
    column: Option<usize>,
    /// What the mappings that are not at their end hold so far, the innermost last: each takes its own when it ends.
    entries: Vec<Entry>,
    /// The same of lists.
    items: Vec<Datum>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: self.base + start,
            end: self.base + end,
        }
    }

    fn datum(&self, kind: Kind, start: usize, end: usize) -> Datum {
        let span = self.span(start, end);
        Datum { kind, span }
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// A blank or the end of the line stands at `at`.
    fn parts_at(&self, at: usize) -> bool {
        matches!(self.text.as_bytes().get(at), None | Some(b' ' | b'\n'))
    }

    /// Goes over spaces and a comment; whether the line ends there.
    fn line_is_over(&mut self) -> bool {
        let before = self.at;
        self.spaces();
        match self.peek() {
            None | Some(b'\n') => true,
            Some(b'#') => self.at > before,
            Some(_) => false,
        }
    }

    /// From somewhere on a line to the next one that says something.
    fn next_line(&mut self) {
        self.leave_line();
        self.line();
    }

    fn leave_line(&mut self) {
        let line = self.rest().find('\n');
        self.at = line.map_or(self.text.len(), |line| self.at + line + 1);
    }

    /// From the beginning of a line to the first word of one that says something.
    fn line(&mut self) {
        loop {
            let start = self.at;
            self.spaces();
            self.column = Some(self.at - start);
            match self.peek() {
                Some(b'#' | b'\n') => self.leave_line(),
                Some(_) => return,
                None => {
                    self.column = None;
                    return;
                }
            }
        }
    }

    /// What begins here, at the first word of a line.
    fn block(&mut self, depth: usize) -> Option<Datum> {
        let column = self.column?;
        if self.peek() == Some(b'-') && self.parts_at(self.at + 1) {
            self.list(column, false, depth)
        } else {
            self.mapping(column, depth)
        }
    }

    /// Keys that stand at `column`, the first of them here.
    fn mapping(&mut self, column: usize, depth: usize) -> Option<Datum> {
        let depth = depth.checked_sub(1)?;
        let (start, own) = (self.at, self.entries.len());
        loop {
            let key = self.key()?;
            let value = if self.line_is_over() {
                self.next_line();
                match self.column? {
                    deeper if deeper > column => self.block(depth)?,
                    // Entries of a list may stand below the first letter of its key.
                    same if same == column && self.peek() == Some(b'-') => self.list(column, true, depth)?,
                    _ => return None,
                }
            } else {
                self.value(column)?
            };
            self.entries.push(Entry { key, value });
            match self.column {
                Some(same) if same == column => {}
                Some(deeper) if deeper > column => return None,
                _ => break,
            }
        }
        let end = self.entries.last()?.value.span.end - self.base;
        let entries = self.entries.drain(own..).collect();
        Some(self.datum(Kind::Mapping(entries), start, end))
    }

    /// Entries whose dashes stand at `column`, the first of them here; within a mapping whose keys stand there too if
    /// `among_keys`.
    fn list(&mut self, column: usize, among_keys: bool, depth: usize) -> Option<Datum> {
        let depth = depth.checked_sub(1)?;
        let (mut start, own) = (self.at, self.items.len());
        loop {
            let dash = self.at;
            (self.peek() == Some(b'-') && self.parts_at(dash + 1)).then_some(())?;
            self.at += 1;
            let over = self.line_is_over();
            // The parser says so of those that stand where keys do.
            if among_keys && dash == start {
                start = self.at;
                (self.peek() != Some(b'#')).then_some(())?;
            }
            let item = if over {
                self.next_line();
                self.column.filter(|deeper| *deeper > column)?;
                self.block(depth)?
            } else if self.has_key() {
                self.mapping(column + self.at - dash, depth)?
            } else {
                self.value(column)?
            };
            self.items.push(item);
            match self.column {
                Some(same) if same == column => {
                    if among_keys && self.peek() != Some(b'-') {
                        break;
                    }
                }
                Some(deeper) if deeper > column => return None,
                _ => break,
            }
        }
        let items: Vec<_> = self.items.drain(own..).collect();
        let end = items.last()?.span.end - self.base;
        Some(self.datum(Kind::List(items), start, end))
    }

    /// A value on the line of what holds it, which stands at `column`, and the end of that line.
    fn value(&mut self, column: usize) -> Option<Datum> {
        let value = self.inline()?;
        self.line_is_over().then_some(())?;
        self.next_line();
        // What is deeper goes on with it.
        self.column.is_none_or(|next| next <= column).then_some(value)
    }

    /// Whether a key stands here; the reader stays where it is.
    fn has_key(&mut self) -> bool {
        let at = self.at;
        let found = self.key().is_some();
        self.at = at;
        found
    }

    /// A key with its colon.
    fn key(&mut self) -> Option<Spanned<String>> {
        let start = self.at;
        let word = match self.peek()? {
            b'"' | b'\'' => self.quoted()?,
            _ => self.word()?,
        };
        let span = self.span(start, self.at);
        let colon = self.peek() == Some(b':') && self.parts_at(self.at + 1);
        self.at += 1;
        (colon && word != "<<").then(|| Spanned {
            value: word.to_owned(),
            span,
        })
    }

    /// A key without quotes. What would be no text as a value is one only where keys are read so.
    fn word(&mut self) -> Option<&'a str> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_part(&byte))?;
        let word = rest.get(..end)?;
        let begins = word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let is_text = self.manner.plain_keys || matches!(super::scalar::plain(word, false), Scalar::Text(_));
        self.at += end;
        (begins && is_text).then_some(word)
    }
}

#[cfg(test)]
mod tests;
