//! KDL put in order: four spaces a level, one space between words, at most one empty line, comments where they were.
//! What is on one line stays on one line.

mod tokens;

use tokens::{Kind, Token};

/// `text`, which is KDL without mistakes, in order.
pub fn format(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let tokens = tokens::of(&text);
    let mut page = Page::default();
    for (at, token) in tokens.iter().enumerate() {
        page.take(token, &tokens[at + 1..]);
    }
    page.end_line();
    page.text
}

/// The comments of a KDL text, in order.
#[cfg(test)]
pub(crate) fn comments(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let comment = |token: &Token<'_>| matches!(token.kind, Kind::LineComment | Kind::Comment);
    let tokens = tokens::of(&text);
    tokens
        .iter()
        .filter(|token| comment(token))
        .map(|token| token.text.trim_end().to_owned())
        .collect()
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
            Kind::SlashDash => {
                self.word(token.text);
                self.glued = !matches!(
                    rest.first().map(|next| next.kind),
                    Some(Kind::LineComment | Kind::Comment)
                );
            }
            Kind::Continued => {
                self.word(token.text.trim_end());
                self.end_line();
                self.continued = true;
            }
            Kind::LineComment => {
                self.word(token.text.trim_end());
                self.closed = true;
            }
            Kind::Word | Kind::Comment => self.word(token.text),
        }
        self.newlines = 0;
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
