use std::ops::Range;

use crate::diag::{FileId, Span, Spanned};

/// A piece of a file: what stands in it has its place in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// The piece.
    pub(crate) text: &'a str,
    file: FileId,
    start: usize,
}

impl<'a> Part<'a> {
    /// All of a file.
    pub(crate) fn whole(text: &'a str, file: FileId) -> Self {
        Self { text, file, start: 0 }
    }

    /// Where the bytes `at` of this piece are; beyond the end is the end.
    pub(crate) fn span(&self, at: Range<usize>) -> Span {
        let length = self.text.len();
        let start = at.start.min(length);
        Span {
            file: self.file,
            start: self.start + start,
            end: self.start + at.end.clamp(start, length),
        }
    }

    /// The piece of it at the bytes `at`; nothing where they are none of it.
    pub(crate) fn slice(&self, at: Range<usize>) -> Self {
        let start = at.start.min(self.text.len());
        Self {
            text: self.text.get(at).unwrap_or_default(),
            file: self.file,
            start: self.start + start,
        }
    }

    /// Where it begins in its file.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Without white space around.
    pub(crate) fn trim(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start..start + self.text.trim().len())
    }

    /// Its lines, without what ends them.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Self> + use<'a> {
        let whole = *self;
        let mut at = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let start = at;
            at += line.len();
            let line = line.strip_suffix('\n').unwrap_or(line);
            let line = line.strip_suffix('\r').unwrap_or(line);
            whole.slice(start..start + line.len())
        })
    }

    /// What stands between characters for which `ends` holds; nothing between two of them is left out.
    pub(crate) fn split(&self, ends: fn(char) -> bool) -> impl Iterator<Item = Self> + use<'a> {
        let whole = *self;
        let mut at = 0;
        let pieces = self.text.split(ends).map(move |piece| {
            let start = at;
            let behind = whole.text[start + piece.len()..].chars().next();
            at += piece.len() + behind.map_or(0, char::len_utf8);
            whole.slice(start..start + piece.len())
        });
        pieces.filter(|piece| !piece.text.is_empty())
    }

    /// Its text and its place.
    pub(crate) fn spanned(&self) -> Spanned<String> {
        Spanned {
            value: self.text.to_owned(),
            span: self.span(0..self.text.len()),
        }
    }
}
