//! A first look at a KDL text, without recursion: the parser behind goes one call deeper a level, so that a
//! hostile text must not get there. What people often write wrong (values without quotes, braces not closed) is
//! told apart here, since the parser gives up at the first of them.

mod hash;
mod slip;
mod string;
mod turn;
mod word;

use super::newline;
pub(super) use slip::{Repair, Slip};
use turn::{Token, Turn};
use word::{disallowed, ends_word, is_number, looks_like_number};

/// Texts with more slips than these are not parsed: the parser behind goes one call deeper for each.
pub(super) const SHOWN: usize = 12;

/// Braces and comments deeper than this are refused; the language needs 6.
pub(super) const LIMIT: usize = 32;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What is wrong, in order.
    pub(super) slips: Vec<Slip>,
    /// A text with these slips is certainly no KDL, and is not worth parsing.
    pub(super) broken: bool,
}

pub(super) fn look(text: &str) -> Look {
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        open: Vec::new(),
        line: Line::default(),
        suspect: None,
        turn: Turn::Start,
        valued: false,
        ended: None,
        dashed: None,
        look: Look::default(),
    };
    while scan.at < scan.bytes.len() && !scan.look.broken {
        scan.look.broken = scan.look.slips.len() > SHOWN;
        scan.valued = false;
        scan.token();
        scan.ended = scan.valued.then_some(scan.at);
    }
    scan.unclosed();
    scan.look.broken |= scan.look.slips.len() > SHOWN;
    let mut look = scan.look;
    look.slips.sort_by_key(|slip| slip.start);
    look
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Braces that wait for their end.
    open: Vec<(usize, Line)>,
    line: Line,
    /// A brace whose end stands elsewhere than its line begins: probably the one that is not closed.
    suspect: Option<usize>,
    turn: Turn,
    /// This token is a value.
    valued: bool,
    /// Where the last token ended, if that was one.
    ended: Option<usize>,
    /// A `/-` that waits for what it takes back.
    dashed: Option<usize>,
    look: Look,
}

/// A line, as far as it is read.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    start: usize,
    /// Its first byte that is no blank.
    first: Option<usize>,
}

impl Line {
    fn indent(self) -> usize {
        self.first.map_or(0, |first| first - self.start)
    }
}

impl Scan<'_> {
    fn token(&mut self) {
        let start = self.at;
        if !self.bytes[start].is_ascii_whitespace() {
            self.line.first.get_or_insert(start);
        }
        self.at += 1;
        let first = self.bytes[start];
        match first {
            b'/' if self.next_is("/") => self.skip_line(),
            b'/' if self.next_is("*") => self.comment(start),
            b'/' if self.next_is("-") => self.slash_dash(start),
            b'"' => self.string(start, start),
            b'#' => self.hash(start),
            b'{' => self.opens(start),
            b'}' => self.closes(start),
            b'=' => self.turn(Token::Equals, start),
            b';' => self.turn(Token::End, start),
            b'\\' => self.continued(start),
            b'\n' | b'\r' | 0x0b | 0x0c => {
                self.turn(Token::End, start);
                self.line = Line {
                    start: self.at,
                    first: None,
                };
            }
            b' ' | b'\t' => {}
            b'(' | b')' | b'[' | b']' => self.foreign(start),
            b'\'' if self.single_quoted(start) => {}
            byte if byte.is_ascii_control() => self.foreign(start),
            _ => self.word(start),
        }
    }

    /// `/-` takes back what is behind it.
    fn slash_dash(&mut self, start: usize) {
        self.at += 1;
        if self.dashed.replace(start).is_some() {
            self.foreign(start);
        }
    }

    fn turn(&mut self, token: Token, start: usize) {
        let alone = self
            .dashed
            .filter(|_| matches!(token, Token::Close | Token::Equals));
        if let Some(dash) = alone {
            self.foreign(dash);
        }
        if self.dashed.is_some() && token == Token::End {
            // What is taken back may stand below.
            return;
        }
        self.dashed = None;
        self.valued = matches!(token, Token::Text | Token::Keyword);
        if self.valued && self.ended == Some(start) {
            self.slip(
                start,
                start + 1,
                "a space is missing here".to_owned(),
                "write a space before it",
            );
        }
        let (next, wrong) = self.turn.next(token);
        self.turn = next;
        if let Some(message) = wrong {
            let help = if token == Token::Text {
                "write it on a line of its own"
            } else {
                "write `name=value`"
            };
            self.slip(start, self.at.max(start + 1), message.to_owned(), help);
        }
    }

    fn foreign(&mut self, start: usize) {
        let what = self.text[start..]
            .chars()
            .next()
            .unwrap_or_default()
            .escape_default();
        self.slip(
            start,
            self.at,
            format!("`{what}` has no meaning here"),
            "quote it, or leave it out",
        );
    }

    /// A backslash leaves out the end of its line; comments may stand between.
    fn continued(&mut self, start: usize) {
        loop {
            let (line, below) = self.text[self.at..].split_at(newline::line(&self.text[self.at..]));
            let blank = line.trim_start();
            if blank.is_empty() || blank.starts_with("//") {
                self.at = self.text.len() - newline::behind(below).len();
                return;
            }
            let comment = self.at + (line.len() - blank.len());
            if !blank.starts_with("/*") {
                return self.foreign(start);
            }
            self.at = comment + 1;
            self.comment(comment);
        }
    }

    fn next_is(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    fn skip_line(&mut self) {
        self.at += newline::line(&self.text[self.at..]);
    }

    fn opens(&mut self, start: usize) {
        self.turn(Token::Open, start);
        self.open.push((start, self.line));
        if self.open.len() > LIMIT {
            let message = format!("nested deeper than {LIMIT} levels");
            self.stop(start, start + 1, message, "is a brace not closed?");
        }
    }

    fn closes(&mut self, start: usize) {
        self.turn(Token::Close, start);
        let Some((open, line)) = self.open.pop() else {
            let message = "this brace closes nothing".to_owned();
            return self.stop(start, start + 1, message, "leave it out");
        };
        let alone = self.line.first == Some(start) && line.start != self.line.start;
        if alone && line.indent() != self.line.indent() {
            self.suspect.get_or_insert(open);
        }
    }

    fn unclosed(&mut self) {
        if let (Some(last), false) = (self.open.last().map(|(last, _)| *last), self.look.broken) {
            let open = self.suspect.unwrap_or(last);
            self.stop(
                open,
                open + 1,
                "this brace is not closed".to_owned(),
                "write `}` where it ends",
            );
        }
    }

    fn word(&mut self, start: usize) {
        let whole = self.text[start..]
            .find(ends_word)
            .map_or(self.text.len(), |length| start + length);
        let end = self.text[start..whole]
            .find('/')
            .map_or(whole, |length| start + length);
        // White space beyond ASCII ends a word too, and may be where this one begins.
        self.at = end.max(self.text.ceil_char_boundary(start + 1));
        let word = &self.text[start..end];
        if self.text[start..].starts_with(char::is_whitespace) {
            // Beyond ASCII, KDL knows three more ends of a line.
            if self.text[start..].starts_with(['\u{85}', '\u{2028}', '\u{2029}']) {
                self.turn(Token::End, start);
            }
            return;
        }
        self.turn(Token::Text, start);
        if let Some(at) = word.find(disallowed) {
            self.foreign(start + at);
        }
        if matches!(word, "true" | "false" | "null" | "inf" | "nan") {
            self.slip(
                start,
                end,
                format!("the word `{word}` alone is no value"),
                &format!("write `#{word}`"),
            );
            return self.repairable(Repair::Hash);
        }
        // `region/zone`, `/health`, 10.0.0.0/8; but not the comment of `name/* why */`.
        let path = end < whole && !self.text[end..].starts_with("/*") && !self.text[end..].starts_with("//");
        if path || (looks_like_number(word) && !is_number(word)) {
            let value = &self.text[start..if path { whole } else { end }];
            self.at = start + value.len();
            self.slip(
                start,
                self.at,
                format!("`{value}` needs quotes"),
                &format!("write \"{value}\""),
            );
            self.repairable(Repair::Quotes);
        }
    }

    /// It is certain what the last slip was meant to be.
    fn repairable(&mut self, repair: Repair) {
        if let Some(slip) = self.look.slips.last_mut() {
            slip.repair = Some(repair);
        }
    }

    fn slip(&mut self, start: usize, end: usize, message: String, help: &str) {
        self.look.slips.push(Slip {
            start,
            end: self.text.ceil_char_boundary(end),
            message,
            help: help.to_owned(),
            repair: None,
        });
    }

    fn stop(&mut self, start: usize, end: usize, message: String, help: &str) {
        self.slip(start, end, message, help);
        self.look.broken = true;
    }
}

#[cfg(test)]
mod tests;
