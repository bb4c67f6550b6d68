//! Scripts of the shell, as far as it can be known without running them: simple commands in the order in which they
//! stand, with their words, variables, redirections and here-documents. Conditions and loops are walked through as if
//! every branch ran once; what a word becomes when it is expanded is not guessed.

mod scan;

use std::ops::Range;

use super::part::Part;
use crate::diag::{Span, Spanned};

/// Commands within `$(…)` within `$(…)`: deeper ones are left alone.
const DEPTH: usize = 6;

/// What a text of the shell says.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Its commands; those within `$(…)` follow the command that they stand in.
    pub(crate) commands: Vec<Command>,
    /// A quote that is not closed.
    pub(crate) unclosed: Option<Span>,
}

/// One simple command.
#[derive(Debug, Default)]
pub(crate) struct Command {
    /// `NAME=value` before the words.
    pub(crate) variables: Vec<Variable>,
    /// The program and its arguments.
    pub(crate) words: Vec<Word>,
    /// `> file` and the like.
    pub(crate) redirects: Vec<Redirect>,
    /// It reads what the command before it writes.
    pub(crate) piped: bool,
}

/// A word without its quotes; what begins with `$` stays as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// What it says.
    pub(crate) text: String,
    /// Nothing in it is expanded: it says what it says.
    pub(crate) literal: bool,
    /// Where, with its quotes.
    pub(crate) span: Span,
    /// The bytes of its text, if they stand there as they are.
    plain: Option<Range<usize>>,
}

/// `NAME=value`.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// The name.
    pub(crate) name: Spanned<String>,
    /// The value, without its quotes.
    pub(crate) value: Spanned<String>,
    /// Nothing in the value is expanded.
    pub(crate) literal: bool,
    /// All of it.
    pub(crate) span: Span,
}

/// Where a command's input comes from or its output goes.
#[derive(Debug)]
pub(crate) struct Redirect {
    /// Which way.
    pub(crate) way: Way,
    /// The file, or the word that ends a here-document.
    pub(crate) target: Word,
    /// The bytes of a here-document.
    body: Option<Range<usize>>,
}

/// Which way something is redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `< file`.
    From,
    /// `> file`.
    Into,
    /// `>> file`.
    Onto,
    /// `<<EOF`.
    Here,
    /// `<<< word`.
    Word,
}

/// Reads a text; whatever stands there, commands come out.
pub(crate) fn read(part: Part<'_>) -> Script {
    let mut script = Script::default();
    let mut inner = vec![(part, 0)];
    while let Some((part, depth)) = inner.pop() {
        let found = scan::scan(part);
        if depth == 0 {
            script.unclosed = found.unclosed.map(|at| part.span(at..at + 1));
        }
        script.commands.extend(found.commands);
        if depth < DEPTH {
            let pieces = found.inner.into_iter().rev();
            inner.extend(pieces.map(|at| (part.slice(at), depth + 1)));
        }
    }
    script
}

/// Commands that run the command behind them.
const WRAPPERS: &[&str] = &["sudo", "env", "exec", "command", "nohup", "time", "doas"];

impl Command {
    /// Its words, without `sudo` and the like and their options.
    pub(crate) fn plain(&self) -> &[Word] {
        let mut words = self.words.as_slice();
        while let Some((first, rest)) = words.split_first() {
            if !WRAPPERS.contains(&first.name()) {
                break;
            }
            let mut skip = 0;
            while let Some(word) = rest.get(skip) {
                let takes_value = ["-u", "-g", "-U", "--user", "--group"].contains(&word.text.as_str());
                match word.text.as_str() {
                    text if takes_value && text.len() > 1 => skip += 2,
                    text if text.starts_with('-') || text.contains('=') => skip += 1,
                    _ => break,
                }
            }
            words = rest.get(skip..).unwrap_or_default();
        }
        words
    }

    /// It runs `program`, by whatever path.
    pub(crate) fn runs(&self, program: &str) -> bool {
        self.plain().first().is_some_and(|word| word.name() == program)
    }

    /// Its first words are `words`, with nothing but options between them.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        let own = self.plain();
        let Some((first, rest)) = own.split_first() else {
            return false;
        };
        let rest = rest.iter().filter(|word| !word.text.starts_with('-'));
        let mut own = std::iter::once(first.name()).chain(rest.map(|word| word.text.as_str()));
        words.iter().all(|word| own.next() == Some(word))
    }

    /// The value of the option `long` or `short`: `--long=value`, `--long value`, `-s value`.
    pub(crate) fn option(&self, long: &str, short: Option<&str>) -> Option<Spanned<String>> {
        let words = self.plain();
        for (at, word) in words.iter().enumerate() {
            if let Some(value) = word
                .text
                .strip_prefix(long)
                .and_then(|rest| rest.strip_prefix('='))
            {
                return Some(Spanned {
                    value: value.to_owned(),
                    span: word.span,
                });
            }
            if word.text == long || short.is_some_and(|short| word.text == short) {
                return words.get(at + 1).map(Word::spanned);
            }
        }
        None
    }

    /// It has the option `name`, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is = |word: &Word| {
            let rest = word.text.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        self.plain().iter().any(is)
    }

    /// From its first word to its last.
    pub(crate) fn span(&self) -> Option<Span> {
        let (first, last) = (self.words.first()?, self.words.last()?);
        Some(Span {
            end: last.span.end.max(first.span.end),
            ..first.span
        })
    }
}

impl Word {
    /// The last part of a path.
    pub(crate) fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// Its text and its place.
    pub(crate) fn spanned(&self) -> Spanned<String> {
        Spanned {
            value: self.text.clone(),
            span: self.span,
        }
    }

    /// Its text and its place, without quotes around it.
    pub(crate) fn inside(&self) -> Spanned<String> {
        let place = self.plain.clone().unwrap_or(self.span.start..self.span.end);
        Spanned {
            value: self.text.clone(),
            span: Span {
                start: place.start,
                end: place.end,
                ..self.span
            },
        }
    }

    /// Its text as a piece of `part`, in which it was read; `None` where quotes stand inside.
    pub(crate) fn part<'a>(&self, part: Part<'a>) -> Option<Part<'a>> {
        let plain = self.plain.clone()?;
        let start = part.start();
        let at = plain.start.checked_sub(start)?..plain.end.checked_sub(start)?;
        Some(part.slice(at))
    }
}

impl Redirect {
    /// The here-document as a piece of `part`, in which it was read.
    pub(crate) fn body<'a>(&self, part: Part<'a>) -> Option<Part<'a>> {
        let body = self.body.clone()?;
        let start = part.start();
        Some(part.slice(body.start.checked_sub(start)?..body.end.checked_sub(start)?))
    }
}

#[cfg(test)]
mod tests;
