//! What stands between words of KDL.

use super::Reader;
use super::word::{is_newline, line, nested};
use crate::tree::Range;

impl Reader<'_> {
    /// Passes over one piece that says nothing between nodes.
    pub(super) fn blank(&mut self) -> bool {
        let before = self.at;
        let rest = self.rest();
        match rest.chars().next() {
            Some(c) if c.is_whitespace() || matches!(c, ';' | '\u{feff}') => self.at += c.len_utf8(),
            Some('\\') => self.continued(),
            _ => {
                self.comment();
            }
        }
        self.at > before
    }

    pub(super) fn comment(&mut self) -> bool {
        let (start, rest) = (self.at, self.rest());
        let length = if rest.starts_with("//") {
            line(rest)
        } else if rest.starts_with("/*") {
            nested(rest)
        } else {
            return false;
        };
        self.at += length;
        self.comments.push(Range::new(start, self.at));
        true
    }

    /// `(type)`, which says nothing to us.
    pub(super) fn annotation(&mut self) {
        let rest = self.rest();
        let line = &rest[..line(rest)];
        self.at += line.find(')').map_or(1, |end| end + 1);
    }

    /// Blanks, comments and ends of lines: what is taken back may stand below.
    pub(super) fn lines(&mut self) {
        while self.peek().is_some_and(|c| c != ';') && self.blank() {}
    }

    /// Blanks, comments within the line, and ends of lines that are left out.
    pub(super) fn spaces(&mut self) {
        loop {
            let rest = self.rest();
            match rest.chars().next() {
                Some(c) if c.is_whitespace() && !is_newline(c) || c == '\u{feff}' => self.at += c.len_utf8(),
                Some('\\') => self.continued(),
                Some('/') if rest.starts_with("/*") => {
                    self.comment();
                }
                _ => return,
            }
        }
    }

    /// A backslash leaves out the end of its line, and the comments before it.
    pub(super) fn continued(&mut self) {
        self.at += 1;
        loop {
            let rest = self.rest();
            match rest.chars().next() {
                Some('\r') if rest.starts_with("\r\n") => return self.at += 2,
                Some(c) if is_newline(c) => return self.at += c.len_utf8(),
                Some(c) if c.is_whitespace() => self.at += c.len_utf8(),
                _ if self.comment() => {}
                _ => return,
            }
        }
    }
}
