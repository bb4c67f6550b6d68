//! Mistakes behind the first one. The parser gives up where it does not understand; what stands under another key at
//! the top of the text is another matter, and is read by itself.

use super::{Manner, Stop, events};
use crate::diag::{FileId, Sink};
use crate::syntax::SHOWN;

/// What is wrong with each section of a `text` that is none as a whole. Empty where every section is right by itself.
pub(super) fn mistakes(text: &str, file: FileId, manner: &'static Manner) -> Vec<Stop> {
    let sections = sections(text);
    if sections.len() < 2 {
        return Vec::new();
    }
    let wrong = sections.into_iter().filter_map(|(start, part)| {
        // What it says of other sections, such as names that stand there, says nothing here.
        let mut found = events(part, file, manner, &mut Sink::default()).err()?;
        found.shift(start);
        Some(found)
    });
    wrong.take(SHOWN).collect()
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
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| Some((*start, text.get(*start..end)?)))
        .collect()
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
