//! Mistakes behind the first one. The parser gives up where it does not understand; what stands under another key is
//! another matter, and is read by itself: first under those at the top of the text, then, where one cannot be read, under
//! those within.

use super::{Manner, Stop, events};
use crate::diag::{FileId, Sink};
use crate::syntax::SHOWN;

/// What is wrong with each section of a `text` that is none as a whole. Empty where every section is right by itself.
pub(super) fn mistakes(text: &str, file: FileId, manner: &'static Manner) -> Vec<Stop> {
    let sections = sections(text);
    let mut found = Vec::new();
    if sections.len() > 1 {
        for (start, part) in sections {
            search(part, start, (file, manner), 0, &mut found);
        }
    }
    found.truncate(SHOWN);
    found
}

/// Looks for mistakes in what begins at `start`: of several within, those, else the one that ends the reading.
fn search(part: &str, start: usize, how: (FileId, &'static Manner), depth: usize, found: &mut Vec<Stop>) {
    let (file, manner) = how;
    // What it says of other sections, such as names that stand there, says nothing here.
    let Err(mut first) = events(part, file, manner, &mut Sink::default()) else {
        return;
    };
    let before = found.len();
    if depth < manner.depth {
        for (at, block) in blocks(part) {
            if found.len() < SHOWN {
                search(block, start + at, how, depth + 1, found);
            }
        }
    }
    if found.len() == before {
        first.shift(start);
        found.push(first);
    }
}

/// The keys and the items of lists that stand furthest out below the first line, each with all up to the next one.
fn blocks(part: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let lines = part.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        let said = line.trim_start_matches(' ');
        (start, line.len() - said.len(), said)
    });
    let starts = |said: &str| begins(said) || said.starts_with("- ");
    let lines: Vec<_> = lines.skip(1).filter(|(.., said)| starts(said)).collect();
    let Some(indent) = lines.iter().map(|(_, indent, _)| *indent).min() else {
        return Vec::new();
    };
    let starts: Vec<usize> = lines
        .iter()
        .filter(|(_, own, _)| *own == indent)
        .map(|(start, ..)| *start)
        .collect();
    cut(part, &starts)
}

/// From each place to the next one.
fn cut<'a>(text: &'a str, starts: &[usize]) -> Vec<(usize, &'a str)> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| Some((*start, text.get(*start..end)?)))
        .collect()
}

/// Where the keys at the top begin, each with all up to the next one.
fn sections(text: &str) -> Vec<(usize, &str)> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if begins(line) {
            starts.push(at);
        }
        at += line.len();
    }
    cut(text, &starts)
}

/// A word and a colon, not indented.
fn begins(line: &str) -> bool {
    let word = line.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/'));
    let Some((name, behind)) = word.and_then(|end| line.split_at_checked(end)) else {
        return false;
    };
    let value = behind.strip_prefix(':');
    !name.is_empty()
        && !name.starts_with('-')
        && value.is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Language;
    use crate::syntax;

    /// Lines of what is told of a text.
    fn lines(text: &str) -> Vec<usize> {
        let mut sink = Sink::default();
        let read = syntax::parse(text, Language::Yaml, FileId(0), &mut sink);
        assert_eq!(read.is_none(), !sink.is_empty());
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let found = sink.finish();
        found.iter().map(|found| line(found.primary.span.start)).collect()
    }

    #[test]
    fn every_section_is_told_of() {
        let text = "mesh: [m\nnetwork: kube\ncluster:\n  name: é\n   network: kube\nnamespace:\n  name: 'a\n";
        assert_eq!(lines(text), [1, 5, 7]);
        // So is what stands within one.
        let deep = "mesh: m\nnamespace:\n  - name: a\n    service:\n      - name: b\n        port: [1\n      - name: c\n        port: }\n      - name: d\n  - name: 'e\n    x: 1\n";
        assert_eq!(lines(deep), [6, 8, 10]);
        // What is named elsewhere is no mistake.
        assert_eq!(lines("a: &x 1\nb: *x\nc: [\nd: }\n"), [3, 4]);
        // One mistake that all share is told once.
        assert_eq!(lines("a: 1\nb: 2\n   c: 3\n").len(), 1);
        assert_eq!(lines("{a: 1\n").len(), 1);
        assert!(lines("a: \"x\n  b: y\"\nc: 1\n").is_empty());
    }

    #[test]
    fn no_more_is_told_than_helps() {
        let text: String = (0..50).map(|number| format!("k{number}: [\n")).collect();
        assert_eq!(lines(&text).len(), SHOWN);
    }
}
