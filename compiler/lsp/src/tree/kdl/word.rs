//! Words and strings of KDL, which may not be closed yet.

use mesh_compiler::syntax::Scalar;

pub(super) fn plain(word: &str) -> Scalar {
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
pub(super) fn string(rest: &str, hashes: usize) -> (usize, Scalar) {
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
pub(super) fn escape(text: &str) -> usize {
    let behind = &text[1..];
    let blanks = behind.len() - behind.trim_start().len();
    1 + blanks.max(usize::from(blanks == 0))
}

pub(super) fn unescaped(content: &str) -> String {
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

pub(super) fn word(text: &str) -> usize {
    let end = text.find(ends_word).unwrap_or(text.len());
    // A `/` within a word is part of it: a path without its quotes; but not the beginning of a comment.
    let comment = text[..end]
        .find("//")
        .into_iter()
        .chain(text[..end].find("/*"))
        .min();
    comment.unwrap_or(end)
}

pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | ';' | '=' | '"' | '#' | '\\' | '(' | ')')
}

pub(super) const fn is_newline(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}'
    )
}

/// How long the line is that `text` begins with.
pub(super) fn line(text: &str) -> usize {
    text.find(is_newline).unwrap_or(text.len())
}

/// How long the comment is that `text` begins with; comments nest.
pub(super) fn nested(text: &str) -> usize {
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
