mod quote;

use std::ops::Range;

use super::{Command, Redirect, Variable, Way, Word};
use crate::diag::Spanned;
use crate::host_files::part::Part;

/// What was found in one piece.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) commands: Vec<Command>,
    /// What stands in `$(…)` and between backticks.
    pub(super) inner: Vec<Range<usize>>,
    /// A quote that is not closed.
    pub(super) unclosed: Option<usize>,
}

/// Words behind which a command begins.
const LEADS: &[&str] = &[
    "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}", "esac", "in",
];

pub(super) fn scan(part: Part<'_>) -> Found {
    let mut scan = Scan {
        part,
        bytes: part.text.as_bytes(),
        at: 0,
        command: Command::default(),
        here: Vec::new(),
        found: Found::default(),
    };
    while scan.at < scan.bytes.len() {
        scan.token();
    }
    scan.ends(false);
    scan.found
}

struct Scan<'a> {
    part: Part<'a>,
    bytes: &'a [u8],
    at: usize,
    /// The command that is being read.
    command: Command,
    /// Here-documents that begin below this line: their command and redirection.
    here: Vec<Here>,
    found: Found,
}

struct Here {
    command: usize,
    redirect: usize,
    end: String,
    tabs: bool,
}

impl Scan<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn token(&mut self) {
        match self.byte(0) {
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\\' if self.byte(1) == b'\n' => self.at += 2,
            b'\\' if self.byte(1) == b'\r' && self.byte(2) == b'\n' => self.at += 3,
            b'#' => {
                let rest = &self.part.text[self.at..];
                self.at += rest.find('\n').unwrap_or(rest.len());
            }
            b'\n' => {
                self.at += 1;
                self.ends(false);
                self.documents();
            }
            b'|' => {
                let piped = self.byte(1) != b'|';
                self.at += if matches!(self.byte(1), b'|' | b'&') { 2 } else { 1 };
                self.ends(piped);
            }
            b'&' if self.byte(1) == b'>' => {
                self.at += 1;
                self.redirect();
            }
            b';' | b'&' | b'(' | b')' => {
                self.at += 1;
                self.ends(false);
            }
            b'<' | b'>' => self.redirect(),
            b'0'..=b'9' if self.digits_before_redirect() => {}
            _ => self.word_or_variable(),
        }
    }

    /// The command is over; the next one reads its output.
    fn ends(&mut self, piped: bool) {
        let command = std::mem::take(&mut self.command);
        let is_some =
            !(command.words.is_empty() && command.variables.is_empty() && command.redirects.is_empty());
        if is_some {
            self.found.commands.push(command);
        }
        self.command.piped = piped && is_some;
    }

    /// Goes over `2` of `2>&1`.
    fn digits_before_redirect(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        let digits = rest
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let is = matches!(rest.get(digits), Some(b'<' | b'>'));
        if is {
            self.at += digits;
        }
        is
    }

    fn redirect(&mut self) {
        let rest = &self.part.text[self.at..];
        let known = [
            ("<<<", Way::Word),
            ("<<-", Way::Here),
            ("<<", Way::Here),
            ("<&", Way::From),
            ("<>", Way::From),
            ("<", Way::From),
            (">>", Way::Onto),
            (">&", Way::Into),
            (">|", Way::Into),
            (">", Way::Into),
        ];
        let Some((sign, way)) = known.into_iter().find(|(sign, _)| rest.starts_with(sign)) else {
            self.at += 1;
            return;
        };
        self.at += sign.len();
        while matches!(self.byte(0), b' ' | b'\t') {
            self.at += 1;
        }
        let target = self.word();
        if way == Way::Here {
            self.here.push(Here {
                command: self.found.commands.len(),
                redirect: self.command.redirects.len(),
                end: target.text.clone(),
                tabs: sign == "<<-",
            });
        }
        self.command.redirects.push(Redirect {
            way,
            target,
            body: None,
        });
    }

    /// Reads the here-documents that begin here.
    fn documents(&mut self) {
        for here in std::mem::take(&mut self.here) {
            let start = self.at;
            let mut end = self.bytes.len();
            while self.at < self.bytes.len() {
                let rest = &self.part.text[self.at..];
                let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
                let line = rest[..length].trim_end_matches(['\n', '\r']);
                let line = if here.tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                let from = self.at;
                self.at += length;
                if line == here.end {
                    end = from;
                    break;
                }
            }
            let base = self.part.start();
            let redirect = self
                .found
                .commands
                .get_mut(here.command)
                .and_then(|command| command.redirects.get_mut(here.redirect));
            if let Some(redirect) = redirect {
                redirect.body = Some(base + start..base + end);
            }
        }
    }

    fn word_or_variable(&mut self) {
        let start = self.at;
        let name = self.name_before_equals();
        if let Some(name) = name.filter(|_| self.command.words.is_empty()) {
            self.at = name.end + usize::from(self.bytes[name.end] == b'+') + 1;
            let value = if self.ends_word() { None } else { Some(self.word()) };
            self.command.variables.push(self.variable(start, name, value));
            return;
        }
        let word = self.word();
        if self.at == start {
            self.at += 1;
        }
        if self.command.words.is_empty() && LEADS.contains(&word.text.as_str()) && word.literal {
            return;
        }
        self.command.words.push(word);
    }

    /// The name in `NAME=` or `NAME+=`.
    fn name_before_equals(&self) -> Option<Range<usize>> {
        let rest = &self.bytes[self.at..];
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = rest.iter().take_while(is_name).count();
        let starts = rest.first().is_some_and(|first| !first.is_ascii_digit());
        let behind = &rest[length..];
        (length > 0 && starts && (behind.starts_with(b"=") || behind.starts_with(b"+=")))
            .then(|| self.at..self.at + length)
    }

    fn variable(&self, start: usize, name: Range<usize>, value: Option<Word>) -> Variable {
        let nothing = self.part.span(self.at..self.at);
        Variable {
            name: self.part.slice(name).spanned(),
            literal: value.as_ref().is_none_or(|word| word.literal),
            value: value.map_or(
                Spanned {
                    value: String::new(),
                    span: nothing,
                },
                |word| word.inside(),
            ),
            span: self.part.span(start..self.at),
        }
    }

    fn ends_word(&self) -> bool {
        self.at >= self.bytes.len()
            || matches!(
                self.byte(0),
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
            )
            || (self.byte(0) == b'\r' && self.byte(1) == b'\n')
    }

    fn word(&mut self) -> Word {
        let start = self.at;
        let mut text = String::new();
        let mut literal = true;
        let mut pieces: Vec<Range<usize>> = Vec::new();
        while !self.ends_word() {
            let piece = self.at;
            match self.byte(0) {
                b'\'' => {
                    let inside = self.quoted();
                    text.push_str(&self.part.text[inside.clone()]);
                    pieces.push(inside);
                    continue;
                }
                b'"' => {
                    let inside = self.double_quoted(&mut text, &mut literal);
                    pieces.push(inside);
                    continue;
                }
                b'\\' if self.byte(1) == b'\n' => {
                    self.at += 2;
                    pieces.extend([piece..piece, self.at..self.at]);
                    continue;
                }
                b'\\' => {
                    self.at += 1;
                    let length = self.char_length();
                    text.push_str(&self.part.text[self.at..self.at + length]);
                    pieces.extend([piece..piece, self.at..self.at]);
                    self.at += length;
                    continue;
                }
                b'$' | b'`' => {
                    literal = false;
                    self.expansion();
                }
                _ => self.at += self.char_length(),
            }
            text.push_str(&self.part.text[piece..self.at]);
            match pieces.last_mut() {
                Some(last) if last.end == piece && last.start != last.end => last.end = self.at,
                _ => pieces.push(piece..self.at),
            }
        }
        let base = self.part.start();
        let plain = match pieces.as_slice() {
            [only] if self.part.text.get(only.clone()) == Some(text.as_str()) => {
                Some(base + only.start..base + only.end)
            }
            _ => None,
        };
        Word {
            text,
            literal,
            span: self.part.span(start..self.at),
            plain,
        }
    }

    /// How long the character here is.
    fn char_length(&self) -> usize {
        let next = self.part.text.get(self.at..).and_then(|rest| rest.chars().next());
        next.map_or(0, char::len_utf8)
    }
}
