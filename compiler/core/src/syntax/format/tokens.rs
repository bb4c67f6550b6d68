use crate::syntax::newline::{NEWLINES, behind, line};

/// A piece of a KDL text. White space is none, but for ends of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a value: a string with its quotes, too.
    Word,
    Equals,
    Open,
    Close,
    Semicolon,
    Newline,
    /// `/-`
    SlashDash,
    /// `// …`
    LineComment,
    /// `/* … */`
    Comment,
    /// A backslash that leaves out the end of its line: the comment to the end of it, or nothing.
    Continued,
}

/// The pieces of a text without mistakes.
pub(super) fn of(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '\\' {
            rest = continued(&rest[1..], &mut tokens);
            continue;
        }
        let (kind, length) = match first {
            _ if NEWLINES.contains(&first) => (Some(Kind::Newline), first.len_utf8()),
            _ if first.is_whitespace() || first == '\u{feff}' => (None, first.len_utf8()),
            '=' => (Some(Kind::Equals), 1),
            '{' => (Some(Kind::Open), 1),
            '}' => (Some(Kind::Close), 1),
            ';' => (Some(Kind::Semicolon), 1),
            '/' if rest.starts_with("//") => (Some(Kind::LineComment), line(rest)),
            '/' if rest.starts_with("/*") => (Some(Kind::Comment), comment(rest)),
            '/' if rest.starts_with("/-") => (Some(Kind::SlashDash), 2),
            '"' => (Some(Kind::Word), string(rest, 0)),
            '#' => (Some(Kind::Word), hash(rest)),
            _ => (Some(Kind::Word), word(rest)),
        };
        let length = rest.ceil_char_boundary(length.max(1));
        tokens.extend(kind.map(|kind| Token {
            kind,
            text: &rest[..length],
        }));
        rest = &rest[length..];
    }
    tokens
}

/// What follows the backslash up to the end of its line, and what is left. Comments between stand before it: their ends of
/// lines would end the line otherwise.
fn continued<'a>(text: &'a str, tokens: &mut Vec<Token<'a>>) -> &'a str {
    let mut rest = text;
    loop {
        rest = &rest[spaces(rest)..];
        let (kind, length) = if rest.starts_with("/*") {
            (Kind::Comment, comment(rest))
        } else if rest.starts_with("//") {
            (Kind::Continued, line(rest))
        } else {
            (Kind::Continued, 0)
        };
        tokens.push(Token {
            kind,
            text: &rest[..length],
        });
        rest = &rest[length..];
        if kind == Kind::Continued {
            return behind(rest);
        }
    }
}

fn spaces(text: &str) -> usize {
    text.find(|c: char| NEWLINES.contains(&c) || !(c.is_whitespace() || c == '\u{feff}'))
        .unwrap_or(text.len())
}

/// Comments nest.
fn comment(text: &str) -> usize {
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
    at
}

/// A string whose first quote is behind `hashes` hashes.
fn string(text: &str, hashes: usize) -> usize {
    let bytes = text.as_bytes();
    let quotes = if bytes[hashes..].starts_with(b"\"\"\"") {
        3
    } else {
        1
    };
    let end = [vec![b'"'; quotes], vec![b'#'; hashes]].concat();
    let mut at = hashes + quotes;
    while at < bytes.len() && !bytes[at..].starts_with(&end) {
        at += if bytes[at] == b'\\' && hashes == 0 { 2 } else { 1 };
    }
    (at + end.len()).min(text.len())
}

/// `#true`, `#"raw"#`.
fn hash(text: &str) -> usize {
    let hashes = text.bytes().take_while(|byte| *byte == b'#').count();
    if text.as_bytes().get(hashes) == Some(&b'"') {
        string(text, hashes)
    } else {
        hashes + word(&text[hashes..])
    }
}

fn word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || "{};=\"#\\/".contains(c))
        .unwrap_or(text.len())
}
