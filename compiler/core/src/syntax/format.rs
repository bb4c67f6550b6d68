//! KDL put in order: four spaces a level, one space between words, at most one empty line, comments where they were.
//! What is on one line stays on one line.

mod tokens;

use tokens::{Kind, Token};

/// `text`, which is KDL without mistakes, in order.
pub fn format(text: &str) -> String {
    let text = unix(text.trim_start_matches('\u{feff}'));
    let tokens = tokens::of(&text);
    let mut page = Page::default();
    for (at, token) in tokens.iter().enumerate() {
        page.take(token, &tokens[at + 1..]);
    }
    page.end_line();
    page.text
}

/// The comments of a text without mistakes, with their places, and without what begins and ends them. What `/-` takes back
/// is one as it stands.
pub(super) fn pieces(text: &str) -> Vec<(usize, String)> {
    let tokens = tokens::of(text);
    let place = |token: &Token<'_>| token.text.as_ptr().addr() - text.as_ptr().addr();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        let at = place(token);
        next += 1;
        let said = match token.kind {
            Kind::LineComment | Kind::Continued => token.text.strip_prefix("//"),
            Kind::Comment => token
                .text
                .strip_prefix("/*")
                .and_then(|text| text.strip_suffix("*/")),
            Kind::SlashDash => {
                next += taken_back(&tokens[..next - 1], &tokens[next..]);
                let last = &tokens[next - 1];
                text.get(at..place(last) + last.text.len())
            }
            _ => None,
        };
        found.extend(said.map(|said| (at, said.trim().to_owned())));
    }
    found
}

/// How many tokens behind a `/-` it takes back: a node, braces, a value or a property.
fn taken_back(before: &[Token<'_>], behind: &[Token<'_>]) -> usize {
    let ends = |kind| matches!(kind, Kind::Newline | Kind::Semicolon | Kind::Open | Kind::Close);
    let comment = |kind| matches!(kind, Kind::Comment | Kind::LineComment | Kind::Continued);
    let last = before.iter().rev().find(|token| token.kind != Kind::Comment);
    let node = last.is_none_or(|token| ends(token.kind));
    let blank = |token: &&Token<'_>| token.kind == Kind::Newline || comment(token.kind);
    let skipped = behind.iter().take_while(blank).count();
    let rest = &behind[skipped..];
    let braces = rest.first().is_some_and(|token| token.kind == Kind::Open);
    if !node && !braces {
        let named = rest.get(1).is_some_and(|token| token.kind == Kind::Equals);
        return skipped + rest.len().min(if named { 3 } else { 1 });
    }
    let mut depth = 0_usize;
    for (at, token) in rest.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 1 && braces => return skipped + at + 1,
            Kind::Close if depth > 0 => depth -= 1,
            kind if depth == 0 && ends(kind) => return skipped + at,
            _ => {}
        }
    }
    behind.len()
}

/// Every end of a line that has a CR is LF: to KDL they are the same everywhere, in texts too.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The comments of a KDL text, in order.
#[cfg(test)]
pub(crate) fn comments(text: &str) -> Vec<String> {
    let text = unix(text);
    let tokens = tokens::of(&text);
    let comment = |token: &Token<'_>| match token.kind {
        Kind::LineComment | Kind::Comment => Some(token.text.trim_end().to_owned()),
        Kind::Continued if !is_bare(token) => Some(token.text.trim_end().to_owned()),
        _ => None,
    };
    tokens.iter().filter_map(comment).collect()
}

/// What is written so far.
#[derive(Default)]
struct Page {
    text: String,
    /// The line that is being written, without its indent.
    line: String,
    /// Levels that the line is indented by.
    indent: usize,
    /// Braces around: whether each stands on one line with its end.
    open: Vec<bool>,
    /// Ends of lines since the last word.
    newlines: usize,
    /// The line goes on from the one before.
    continued: bool,
    /// What comes next belongs to what is written last.
    glued: bool,
    /// A comment to the end of the line is written: nothing can follow it there.
    closed: bool,
}

impl Page {
    fn take(&mut self, token: &Token<'_>, rest: &[Token<'_>]) {
        match token.kind {
            Kind::Newline => return self.newline(),
            Kind::Semicolon => return self.semicolon(rest),
            Kind::Equals => {
                self.line.push('=');
                self.glued = true;
            }
            Kind::Open => self.opens(token, rest),
            Kind::Close => self.closes(),
            Kind::SlashDash => self.slash_dash(token, rest),
            Kind::Continued => self.continues(token, rest),
            Kind::LineComment => {
                self.word(token.text.trim_end());
                self.closed = true;
            }
            Kind::Word | Kind::Comment => self.word(token.text),
        }
        self.newlines = 0;
    }

    fn slash_dash(&mut self, token: &Token<'_>, rest: &[Token<'_>]) {
        let blank = |next: &&Token<'_>| next.kind == Kind::Newline || is_bare(next);
        let next = rest.iter().find(|next| !blank(next)).map(|next| next.kind);
        self.word(token.text);
        // A comment between it and what it takes back stays between them.
        self.glued = !matches!(
            next,
            None | Some(Kind::LineComment | Kind::Comment | Kind::Continued)
        );
    }

    /// A line that goes on below, unless nothing is there.
    fn continues(&mut self, token: &Token<'_>, rest: &[Token<'_>]) {
        if self.glued && is_bare(token) {
            return;
        }
        let next = rest.iter().find(|next| next.kind != Kind::Continued);
        let ends = next.is_none_or(|next| matches!(next.kind, Kind::Newline | Kind::Semicolon | Kind::Close));
        if !ends {
            self.word("\\");
        }
        if !is_bare(token) {
            self.word(token.text.trim_end());
        }
        self.end_line();
        self.continued = !ends;
    }

    fn word(&mut self, word: &str) {
        if self.line.is_empty() {
            self.begin_line();
        } else if !self.glued {
            self.line.push(' ');
        }
        self.glued = false;
        self.line.push_str(word);
    }

    /// An empty line of the author stays, but not behind a brace that opens, nor at the beginning.
    fn begin_line(&mut self) {
        let first = self.text.is_empty() || self.text.ends_with("{\n");
        if self.newlines > 1 && !first && !self.continued {
            self.text.push('\n');
        }
        self.indent = self.open.iter().filter(|inline| !**inline).count() + usize::from(self.continued);
    }

    fn newline(&mut self) {
        // `/-` on a line of its own takes back what comes below.
        if !self.glued || self.closed {
            self.end_line();
        }
        self.newlines += 1;
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.text.push_str(&"    ".repeat(self.indent));
            self.text.push_str(self.line.trim_end());
            self.text.push('\n');
            self.line.clear();
            self.newlines = 0;
            self.continued = false;
        }
        self.closed = false;
        self.glued = false;
    }

    fn semicolon(&mut self, rest: &[Token<'_>]) {
        if self.open.last() != Some(&true) {
            // Where a comment follows, it belongs to this line.
            if !matches!(rest.first().map(|next| next.kind), Some(Kind::LineComment)) {
                self.end_line();
            }
        } else if !matches!(
            rest.first().map(|next| next.kind),
            Some(Kind::Close | Kind::Semicolon)
        ) && !self.line.ends_with('{')
        {
            self.line.push(';');
        }
    }

    fn opens(&mut self, token: &Token<'_>, rest: &[Token<'_>]) {
        self.word(token.text);
        let inline = is_inline(rest);
        if !inline {
            // What is told of the brace stays beside it.
            let comment = matches!(rest.first().map(|next| next.kind), Some(Kind::LineComment));
            if !comment {
                self.end_line();
            }
        }
        self.open.push(inline);
    }

    fn closes(&mut self) {
        match self.open.last() {
            Some(true) if self.line.ends_with('{') => self.line.push('}'),
            Some(true) => self.line.push_str(" }"),
            _ => {
                self.end_line();
                self.open.pop();
                self.newlines = 0;
                self.begin_line();
                self.line.push('}');
                self.glued = false;
                return;
            }
        }
        self.open.pop();
        self.glued = false;
    }
}

/// A line that goes on below, and no comment.
fn is_bare(token: &Token<'_>) -> bool {
    token.kind == Kind::Continued && token.text.is_empty()
}

/// The brace that was opened before `rest` ends on the same line.
fn is_inline(rest: &[Token<'_>]) -> bool {
    let mut depth = 1;
    for token in rest {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Newline | Kind::LineComment | Kind::Continued => return false,
            _ if token.text.contains('\n') => return false,
            _ => {}
        }
        if depth == 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
