//! Mistakes behind the first one. A bracket that is missing makes nonsense of all that follows, but people indent what
//! they write: every entry is read by itself, from its line to the next one that is indented alike, and of one that
//! cannot be read those within.

use super::{Reader, Stop};
use crate::diag::{Diagnostic, FileId, Sink};
use crate::syntax::SHOWN;

/// What is wrong with each entry of a `text` that is none as a whole. Empty where nothing is indented.
pub(super) fn mistakes(text: &str, limit: usize, file: FileId) -> Vec<Diagnostic> {
    let blocks = Blocks { text, limit, file };
    let mut found = Vec::new();
    let lines = lines(text);
    let first = lines.iter().find(|line| text[line.start..].starts_with('"'));
    if first.is_some_and(|first| first.indent > 0) {
        blocks.search(&lines, 0, &mut found);
    }
    found.truncate(SHOWN);
    found
}

/// A line that says something.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Behind its indentation.
    start: usize,
    end: usize,
    indent: usize,
}

fn lines(text: &str) -> Vec<Line> {
    let mut at = 0;
    let line = |line: &str| {
        let said = line.trim_matches([' ', '\t', '\n', '\r']);
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let start = at + indent;
        at += line.len();
        let end = start + said.len();
        (!said.is_empty()).then_some(Line { start, end, indent })
    };
    text.split_inclusive('\n').filter_map(line).collect()
}

struct Blocks<'a> {
    text: &'a str,
    limit: usize,
    file: FileId,
}

impl Blocks<'_> {
    /// Looks at all entries that stand furthest out on these lines; whether one of them cannot be read.
    fn search(&self, lines: &[Line], depth: usize, found: &mut Vec<Diagnostic>) -> bool {
        let begins = |line: &&Line| self.text[line.start..].starts_with(['"', '{', '[']);
        let lines = match lines.first() {
            // The brackets around everything.
            Some(first) if depth == 0 && first.indent == 0 => &lines[1..],
            _ => lines,
        };
        let Some(indent) = lines.iter().filter(begins).map(|line| line.indent).min() else {
            return false;
        };
        let starts = lines.iter().enumerate();
        let starts = starts.filter(|(_, line)| line.indent == indent && begins(line));
        let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
        let mut broken = false;
        for (number, start) in starts.iter().enumerate() {
            if found.len() >= SHOWN {
                return true;
            }
            let end = starts.get(number + 1).copied().unwrap_or(lines.len());
            // What stands further out closes brackets around.
            let own: Vec<Line> = lines[*start..end]
                .iter()
                .copied()
                .filter(|line| line.indent >= indent)
                .collect();
            broken |= self.block(&own, depth, found);
        }
        broken
    }

    /// An entry by itself; whether it cannot be read.
    fn block(&self, lines: &[Line], depth: usize, found: &mut Vec<Diagnostic>) -> bool {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return false;
        };
        let mut sink = Sink::default();
        let mut reader = Reader::new(&self.text[..last.end], self.limit, self.file, &mut sink);
        reader.at = first.start;
        let read = reader.alone();
        if read.is_err() && depth < self.limit {
            let mut within = Vec::new();
            let inner: Vec<Line> = lines[1..]
                .iter()
                .copied()
                .filter(|line| line.indent > first.indent)
                .collect();
            if self.search(&inner, depth + 1, &mut within) {
                found.append(&mut within);
                return true;
            }
        }
        found.extend(sink.finish());
        read.is_err()
    }
}

impl Reader<'_> {
    /// An entry of a mapping or of a list, with the comma behind it, and nothing else.
    fn alone(&mut self) -> Result<(), Stop> {
        if self.rest().starts_with('"') {
            self.string()?;
            self.blank()?;
            if self.eat(':') {
                self.blank()?;
                self.value()?;
            }
        } else {
            self.value()?;
        }
        self.blank()?;
        self.eat(',');
        self.blank()?;
        if self.rest().is_empty() {
            return Ok(());
        }
        self.stop(
            self.at,
            "this has no meaning here",
            "is a bracket or a comma missing before it?",
        )
    }
}
