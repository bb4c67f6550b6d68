//! Quotes and what is expanded: `'…'`, `"…"`, `$name`, `${…}`, `$(…)` and backticks.

use std::ops::Range;

use super::Scan;

impl Scan<'_> {
    /// What stands in `'…'`.
    pub(super) fn quoted(&mut self) -> Range<usize> {
        let open = self.at;
        let start = open + 1;
        let length = self.part.text[start..].find('\'');
        if length.is_none() {
            self.found.unclosed.get_or_insert(open);
        }
        let end = length.map_or(self.bytes.len(), |length| start + length);
        self.at = (end + 1).min(self.bytes.len());
        start..end
    }

    /// What stands in `"…"`.
    pub(super) fn double_quoted(&mut self, text: &mut String, literal: &mut bool) -> Range<usize> {
        let open = self.at;
        self.at += 1;
        loop {
            let piece = self.at;
            match self.byte(0) {
                b'"' => {
                    self.at += 1;
                    return open + 1..piece;
                }
                0 if self.at >= self.bytes.len() => {
                    self.found.unclosed.get_or_insert(open);
                    return (open + 1).min(self.bytes.len())..self.bytes.len();
                }
                b'\\' if matches!(self.byte(1), b'"' | b'\\' | b'$' | b'`') => {
                    self.at += 2;
                    text.push(char::from(self.bytes[piece + 1]));
                    continue;
                }
                b'$' | b'`' => {
                    *literal = false;
                    self.expansion();
                }
                _ => self.at += self.char_length(),
            }
            text.push_str(&self.part.text[piece..self.at]);
        }
    }

    /// Goes over `$name`, `${…}`, `$(…)` or a pair of backticks.
    pub(super) fn expansion(&mut self) {
        let start = self.at;
        self.at += 1;
        if self.bytes[start] == b'`' {
            let length = self.part.text[self.at..].find('`');
            let end = length.map_or(self.bytes.len(), |length| self.at + length);
            self.found.inner.push(self.at..end);
            self.at = (end + 1).min(self.bytes.len());
            return;
        }
        match self.byte(0) {
            b'(' => {
                let from = self.at + 1;
                self.balanced(b'(', b')');
                let end = self.at.saturating_sub(1).max(from).min(self.bytes.len());
                // `$((…))` calculates.
                if self.bytes.get(from) != Some(&b'(') {
                    self.found.inner.push(from.min(end)..end);
                }
            }
            b'{' => self.balanced(b'{', b'}'),
            _ => {}
        }
    }

    /// Goes over what stands between `open`, which stands here, and the `close` that belongs to it.
    fn balanced(&mut self, open: u8, close: u8) {
        let mut depth = 0_usize;
        let mut quote = None;
        while self.at < self.bytes.len() {
            let byte = self.byte(0);
            self.at += 1;
            match (quote, byte) {
                (Some(b'\''), b'\'') | (Some(b'"'), b'"') => quote = None,
                (Some(b'"') | None, b'\\') => self.at = (self.at + 1).min(self.bytes.len()),
                (None, b'\'' | b'"') => quote = Some(byte),
                (None, byte) if byte == open => depth += 1,
                (None, byte) if byte == close => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
        // A backslash may have led into the middle of a character.
        while !self.part.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }
}
