//! The KDL that nearly every spec consists of, read at once: names, texts without escapes, whole numbers,
//! `#true`, comments to the end of the line, braces.
//!
//! A spec with ten thousand machines is read in the time that the `kdl` crate takes for a tenth of them. Whatever
//! is not plain, mistakes above all, is left to that crate: a text is read here whole or not at all, and what is
//! read here the crate reads the same.

use super::tree::{Node, Property, Scalar, Value};
use crate::diag::{FileId, Span, Spanned};

/// Braces in braces that are followed; deeper ones are left to the crate.
const DEPTH: usize = 32;

/// The nodes of `text`, if it is plain.
pub(super) fn parse(text: &str, file: FileId) -> Option<Vec<Node>> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        file,
    };
    let nodes = reader.nodes(DEPTH)?;
    (reader.at == text.len()).then_some(nodes)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    file: FileId,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span {
            file: self.file,
            start,
            end: self.at,
        }
    }

    /// Nodes up to a closing brace or the end of the text.
    fn nodes(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            self.blank()?;
            match self.peek() {
                None | Some(b'}') => return Some(nodes),
                Some(b';') => return None,
                Some(_) => nodes.push(self.node(depth.checked_sub(1)?)?),
            }
        }
    }

    /// Spaces, ends of lines and comments between nodes.
    fn blank(&mut self) -> Option<()> {
        loop {
            self.spaces();
            if !self.line_end()? {
                return Some(());
            }
        }
    }

    fn spaces(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes over one end of a line, with the comment before it, if it stands here.
    fn line_end(&mut self) -> Option<bool> {
        match self.peek() {
            Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => {
                let before = self.at.checked_sub(1).map(|before| self.bytes[before]);
                if !matches!(before, None | Some(b' ' | b'\t' | b'\n')) {
                    return None;
                }
                self.at += self.bytes[self.at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap_or(self.bytes.len() - self.at);
                let comment = &self.text[..self.at];
                let start = comment.rfind('\n').map_or(0, |line| line + 1);
                plain(&comment[start..])?;
                self.at += usize::from(self.peek().is_some());
                Some(true)
            }
            Some(b'\n') => {
                self.at += 1;
                Some(true)
            }
            _ => Some(false),
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let name = self.word()?;
        if KEYWORDS.contains(&name) {
            return None;
        }
        let name = Spanned {
            value: name.to_owned(),
            span: self.span(start),
        };
        let (mut args, mut props, mut children) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = name.span.end;
        loop {
            let before = self.at;
            self.gap()?;
            match self.peek() {
                None | Some(b'}') => break,
                Some(b';') => {
                    self.at += 1;
                    break;
                }
                _ if self.line_end()? => break,
                // What follows a name or a value without a space is no plain KDL.
                _ if self.at == before => return None,
                Some(b'{') => {
                    children = self.braces(depth)?;
                    break;
                }
                Some(_) => {
                    self.entry(&mut args, &mut props)?;
                    end = self.at;
                }
            }
        }
        Some(Node {
            span: Span { end, ..name.span },
            name,
            args,
            props,
            children,
        })
    }

    /// Spaces, and lines that go on behind `\`.
    fn gap(&mut self) -> Option<()> {
        loop {
            self.spaces();
            if self.peek() != Some(b'\\') {
                return Some(());
            }
            self.at += 1;
            self.spaces();
            if self.peek() != Some(b'\n') {
                return None;
            }
            self.at += 1;
        }
    }

    fn braces(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.at += 1;
        let children = self.nodes(depth)?;
        if self.peek() != Some(b'}') {
            return None;
        }
        self.at += 1;
        self.spaces();
        match self.peek() {
            None | Some(b'}') => {}
            Some(b';') => self.at += 1,
            _ if self.line_end()? => {}
            _ => return None,
        }
        Some(children)
    }

    fn entry(&mut self, args: &mut Vec<Value>, props: &mut Vec<Property>) -> Option<()> {
        let value = self.value()?;
        if self.peek() != Some(b'=') {
            self.spaces();
            // `key = value` is KDL, but not plain.
            if self.peek() == Some(b'=') {
                return None;
            }
            self.at = value.span.end;
            args.push(value);
            return Some(());
        }
        let Scalar::Text(key) = value.scalar else {
            return None;
        };
        self.at += 1;
        let key = Spanned {
            value: key,
            span: value.span,
        };
        props.push(Property {
            key,
            value: self.value()?,
        });
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        let start = self.at;
        let scalar = match self.peek()? {
            b'"' => Scalar::Text(self.quoted()?.to_owned()),
            b'0'..=b'9' => Scalar::Integer(self.number()?),
            b'#' => {
                self.at += 1;
                match self.word()? {
                    "true" => Scalar::Bool(true),
                    "false" => Scalar::Bool(false),
                    _ => return None,
                }
            }
            _ => {
                let word = self.word()?;
                if KEYWORDS.contains(&word) {
                    return None;
                }
                Scalar::Text(word.to_owned())
            }
        };
        Some(Value {
            scalar,
            span: self.span(start),
        })
    }

    /// A text in quotes, on one line and without escapes.
    fn quoted(&mut self) -> Option<&str> {
        let start = self.at + 1;
        let length = self.bytes[start..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
        let end = start + length;
        self.at = end + 1;
        let text = &self.text[start..end];
        // Three quotes begin a text of several lines.
        let several = length == 0 && self.peek() == Some(b'"');
        (self.bytes[end] == b'"' && !several).then(|| plain(text))?
    }

    fn number(&mut self) -> Option<i128> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let ends = !self.peek().is_some_and(|byte| word_byte(byte) || byte >= 0x80);
        (ends && digits.len() < 19).then(|| digits.parse().ok())?
    }

    /// A name without quotes.
    fn word(&mut self) -> Option<&str> {
        let start = self.at;
        if !matches!(self.peek()?, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$') {
            return None;
        }
        while self.peek().is_some_and(word_byte) {
            self.at += 1;
        }
        let ends = self
            .peek()
            .is_none_or(|byte| byte < 0x80 && !byte.is_ascii_control() || matches!(byte, b'\n' | b'\t'));
        ends.then(|| &self.text[start..self.at])
    }
}

/// Names that KDL wants a `#` before.
const KEYWORDS: [&str; 5] = ["true", "false", "null", "inf", "nan"];

const fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b':' | b'*')
}

/// `text` if nothing in it ends a line or is forbidden in KDL: then it stands for itself.
fn plain(text: &str) -> Option<&str> {
    let special = |c: char| match c {
        '\t' => false,
        '\u{85}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        other => other.is_control(),
    };
    (!text.contains(special)).then_some(text)
}
