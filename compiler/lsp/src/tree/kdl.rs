//! KDL as far as it can be understood: nothing is refused. A brace that is not closed ends where the next line begins
//! no deeper than its own.

use mesh_compiler::diag::Spanned;
use mesh_compiler::syntax::{Property, Scalar, Value};

use super::{Branch, Range, Tree};

/// Deeper nodes are passed over: whoever walks the tree goes one call deeper for each.
const DEPTH: usize = 64;

pub(super) fn read(text: &str) -> Tree {
    let mut first = Reader::new(text, false);
    first.all();
    if !first.open.is_empty() {
        // Somebody types between braces that are not closed yet: the indentation tells what is in them.
        first = Reader::new(text, true);
        first.all();
    }
    first.finish()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Nodes whose braces are not closed yet, with the indentation of their lines.
    open: Vec<(Branch, usize)>,
    /// Nodes at the top.
    top: Vec<Branch>,
    comments: Vec<Range>,
    by_indent: bool,
    /// Braces that were opened below [`DEPTH`].
    too_deep: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str, by_indent: bool) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            top: Vec::new(),
            comments: Vec::new(),
            by_indent,
            too_deep: 0,
        }
    }

    fn finish(mut self) -> Tree {
        let end = self.text.len();
        while !self.open.is_empty() {
            self.close(end, end);
        }
        Tree {
            nodes: self.top,
            comments: self.comments,
            data: None,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn all(&mut self) {
        while let Some(first) = self.peek() {
            match first {
                '}' => {
                    self.at += 1;
                    match self.too_deep {
                        0 => self.close(self.at - 1, self.at),
                        _ => self.too_deep -= 1,
                    }
                }
                '{' => {
                    // It belongs to no node: what is in it is read as if it were not there.
                    self.at += 1;
                    self.too_deep += 1;
                }
                _ if self.blank() => {}
                _ => self.node(first),
            }
        }
    }

    /// Passes over one piece that says nothing between nodes.
    fn blank(&mut self) -> bool {
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

    fn comment(&mut self) -> bool {
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

    fn close(&mut self, inside: usize, end: usize) {
        let Some((mut branch, _)) = self.open.pop() else {
            return;
        };
        branch.body = branch
            .body
            .map(|body| Range::new(body.start, inside.max(body.start)));
        branch.whole.end = end.max(branch.whole.end);
        self.put(branch);
    }

    fn put(&mut self, branch: Branch) {
        match self.open.last_mut() {
            Some((parent, _)) => parent.children.push(branch),
            None => self.top.push(branch),
        }
    }

    /// Where the line of byte `at` begins to say something; `None` if something is before `at` on it.
    fn indent(&self, at: usize) -> Option<usize> {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        self.text[line..at].trim().is_empty().then_some(at - line)
    }

    fn node(&mut self, first: char) {
        let start = self.at;
        if self.by_indent
            && let Some(indent) = self.indent(start)
        {
            let deeper = |open: &(Branch, usize)| open.1 < indent;
            while self.open.last().is_some_and(|open| !deeper(open)) {
                self.close(start, start);
            }
        }
        let taken_back = self.rest().starts_with("/-");
        if taken_back {
            self.at += 2;
            self.lines();
        }
        if self.peek() == Some('(') {
            self.annotation();
        }
        let name = match self.peek() {
            Some(c) if ends_word(c) && c != '"' && c != '#' => {
                // No name begins so: `=`, `)`.
                let end = self.at + c.len_utf8();
                self.at = if matches!(c, '{' | '}') || c.is_whitespace() {
                    self.at.max(start + first.len_utf8())
                } else {
                    end
                };
                return;
            }
            None => return,
            Some(_) => self.value(),
        };
        let mut branch = Branch {
            name: Spanned {
                value: name.scalar.to_string(),
                span: name.span,
            },
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            head: Range::new(start, self.at),
            body: None,
            whole: Range::new(start, self.at),
        };
        let braces = self.entries(&mut branch);
        branch.head.end = self.at;
        branch.whole.end = self.last_of(&branch);
        if taken_back {
            self.skip(braces, start);
        } else if braces {
            self.at += 1;
            if self.open.len() >= DEPTH {
                self.too_deep += 1;
                return self.put(branch);
            }
            branch.body = Some(Range::new(self.at, self.at));
            branch.whole.end = self.at;
            let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
            let indent = self.text[line..]
                .find(|c: char| c != ' ' && c != '\t')
                .unwrap_or_default();
            self.open.push((branch, indent));
        } else {
            self.put(branch);
        }
    }

    fn last_of(&self, branch: &Branch) -> usize {
        let props = branch.props.iter().map(|prop| prop.value.span.end);
        let args = branch.args.iter().map(|arg| arg.span.end);
        props
            .chain(args)
            .fold(branch.name.span.end, usize::max)
            .min(self.text.len())
    }

    /// Passes over the braces of a node that is taken back.
    fn skip(&mut self, braces: bool, start: usize) {
        if braces {
            let mut inner = Reader::new(self.text, false);
            inner.at = self.at + 1;
            let mut depth = 1_usize;
            while depth > 0 && inner.at < self.text.len() {
                match inner.peek() {
                    Some('{') => {
                        depth += 1;
                        inner.at += 1;
                    }
                    Some('}') => {
                        depth -= 1;
                        inner.at += 1;
                    }
                    Some('"' | '#') => {
                        inner.value();
                    }
                    _ if inner.comment() => {}
                    Some(c) => inner.at += c.len_utf8(),
                    None => break,
                }
            }
            self.at = inner.at;
        }
        self.comments.push(Range::new(start, self.at));
    }

    /// Reads what stands behind a name, up to its line's end or its braces; whether it has braces.
    fn entries(&mut self, branch: &mut Branch) -> bool {
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

    fn entry(&mut self, branch: &mut Branch, dropped: bool) {
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

    /// `(type)`, which says nothing to us.
    fn annotation(&mut self) {
        let rest = self.rest();
        let line = &rest[..line(rest)];
        self.at += line.find(')').map_or(1, |end| end + 1);
    }

    /// Blanks, comments and ends of lines: what is taken back may stand below.
    fn lines(&mut self) {
        while self.peek().is_some_and(|c| c != ';') && self.blank() {}
    }

    /// Blanks, comments within the line, and ends of lines that are left out.
    fn spaces(&mut self) {
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
    fn continued(&mut self) {
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

    /// A name or value: a word, or a string that may not be closed.
    fn value(&mut self) -> Value {
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

fn plain(word: &str) -> Scalar {
    match word {
        "#true" => Scalar::Bool(true),
        "#false" => Scalar::Bool(false),
        "#null" => Scalar::Null,
        _ => match word.parse() {
            Ok(number) => Scalar::Integer(number),
            Err(_) => Scalar::Text(word.to_owned()),
        },
    }
}

/// The string at the beginning of `rest`, with `hashes` before its quotes: how long it is, and what it says. One that is
/// not closed ends with its line.
fn string(rest: &str, hashes: usize) -> (usize, Scalar) {
    let bytes = rest.as_bytes();
    let quotes = if bytes[hashes..].starts_with(b"\"\"\"") {
        3
    } else {
        1
    };
    let end = [vec![b'"'; quotes], vec![b'#'; hashes]].concat();
    let first = hashes + quotes;
    let mut at = first;
    while at < bytes.len()
        && !bytes[at..].starts_with(&end)
        && (quotes == 3 || !matches!(bytes[at], b'\n' | b'\r'))
    {
        at += match bytes[at] {
            b'\\' if hashes == 0 => escape(&rest[at..]),
            _ => 1,
        };
    }
    let at = rest.ceil_char_boundary(at.min(rest.len()));
    let content = &rest[first..at];
    let closed = bytes[at..].starts_with(&end);
    let length = if closed { at + end.len() } else { at };
    let text = if hashes == 0 && content.contains('\\') {
        unescaped(content)
    } else {
        content.to_owned()
    };
    (length, Scalar::Text(text))
}

/// How long the escape is that `text` begins with: before blanks and ends of lines, all of them.
fn escape(text: &str) -> usize {
    let behind = &text[1..];
    let blanks = behind.len() - behind.trim_start().len();
    1 + blanks.max(usize::from(blanks == 0))
}

fn unescaped(content: &str) -> String {
    let mut text = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => text.extend(chars.next().map(|escaped| match escaped {
                'n' => '\n',
                't' => '\t',
                's' => ' ',
                other => other,
            })),
            (c, _) => text.push(c),
        }
    }
    text
}

fn word(text: &str) -> usize {
    let end = text.find(ends_word).unwrap_or(text.len());
    // A `/` within a word is part of it: a path without its quotes; but not the beginning of a comment.
    let comment = text[..end]
        .find("//")
        .into_iter()
        .chain(text[..end].find("/*"))
        .min();
    comment.unwrap_or(end)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | ';' | '=' | '"' | '#' | '\\' | '(' | ')')
}

const fn is_newline(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}'
    )
}

/// How long the line is that `text` begins with.
fn line(text: &str) -> usize {
    text.find(is_newline).unwrap_or(text.len())
}

/// How long the comment is that `text` begins with; comments nest.
fn nested(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 && at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") || rest.starts_with(b"*/") {
            depth = if rest[0] == b'/' { depth + 1 } else { depth - 1 };
            at += 2;
        } else {
            at += 1;
        }
    }
    text.ceil_char_boundary(at.min(text.len()))
}

#[cfg(test)]
mod tests;
