//! Arguments and properties of a node of KDL.

use mesh_compiler::diag::Spanned;
use mesh_compiler::syntax::{Property, Scalar, Value};

use super::Reader;
use super::word::{ends_word, plain, string, word};
use crate::tree::{Branch, Range};

impl Reader<'_> {
    /// Reads what stands behind a name, up to its line's end or its braces; whether it has braces.
    pub(super) fn entries(&mut self, branch: &mut Branch) -> bool {
        loop {
            self.spaces();
            let Some(first) = self.peek() else { return false };
            let mut dropped = false;
            match first {
                '{' => return true,
                '}' | ';' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => {
                    return false;
                }
                _ if self.rest().starts_with("//") => return false,
                '/' if self.rest().starts_with("/-") => {
                    let start = self.at;
                    self.at += 2;
                    self.lines();
                    if self.peek() == Some('{') {
                        self.skip(true, start);
                        continue;
                    }
                    dropped = true;
                }
                '(' => {
                    self.annotation();
                    continue;
                }
                '=' | ')' | '[' | ']' | ',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            if dropped
                && self
                    .peek()
                    .is_none_or(|c| c.is_whitespace() || matches!(c, '{' | '}' | ';'))
            {
                continue;
            }
            self.entry(branch, dropped);
        }
    }

    pub(super) fn entry(&mut self, branch: &mut Branch, dropped: bool) {
        let key = self.value();
        let behind = self.at;
        self.spaces();
        if self.peek() != Some('=') {
            self.at = behind;
            if !dropped {
                branch.args.push(key);
            }
            return;
        }
        self.at += 1;
        let equals = self.at;
        self.spaces();
        if self.peek() == Some('(') {
            self.annotation();
        }
        let value = match self.peek() {
            Some(c) if c == '"' || c == '#' || !ends_word(c) && !self.rest().starts_with("//") => {
                self.value()
            }
            // It is still to be written.
            _ => {
                self.at = equals;
                Value {
                    scalar: Scalar::Absent,
                    span: Range::new(equals, equals).span(),
                }
            }
        };
        if !dropped {
            branch.props.push(Property {
                key: Spanned {
                    value: key.scalar.to_string(),
                    span: key.span,
                },
                value,
            });
        }
    }

    /// A name or value: a word, or a string that may not be closed.
    pub(super) fn value(&mut self) -> Value {
        let (start, rest) = (self.at, self.rest());
        let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
        let quoted = rest[hashes..].starts_with('"');
        let (length, scalar) = if quoted {
            string(rest, hashes)
        } else {
            let word = &rest[..hashes + word(&rest[hashes..])];
            let word = if word.is_empty() {
                &rest[..rest.chars().next().map_or(0, char::len_utf8)]
            } else {
                word
            };
            (word.len(), plain(word))
        };
        self.at += length;
        Value {
            scalar,
            span: Range::new(start, self.at).span(),
        }
    }
}
