//! A text of several documents.

use super::{Datum, document, manner, plain};
use crate::diag::{FileId, Sink};

/// The documents of `text`; one that is broken leaves the others.
pub(in crate::syntax) fn documents(text: &str, file: FileId, sink: &mut Sink) -> Vec<Datum> {
    let mut found = Vec::new();
    for (start, part) in parts(text) {
        if let Some(root) = plain::parse(part, start, file, &manner::OBJECTS) {
            found.push(root);
            continue;
        }
        let mut own = Sink::default();
        let root = document(part, file, &manner::OBJECTS, &mut own).flatten();
        sink.take_shifted(own, start);
        found.extend(root.map(|mut root| {
            if start > 0 {
                root.shift(start);
            }
            root
        }));
    }
    found
}

/// The documents of a text and where they begin. A line that begins with `---` begins one wherever it stands, within
/// a text of several lines too (YAML 1.2.2, section 9.1.2); `...` ends one.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let behind = line.strip_prefix("---");
        let begins = behind.is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with([' ', '\t']));
        if begins || line.trim_end() == "..." {
            push(&mut found, text, start, at);
            // What ends a document is no part of the next one, and what begins one is.
            start = if begins { at } else { at + line.len() };
        }
        at += line.len();
    }
    push(&mut found, text, start, at);
    found
}

fn push<'a>(found: &mut Vec<(usize, &'a str)>, text: &'a str, start: usize, end: usize) {
    let part = &text[start..end];
    // Directives, comments and white space are no document.
    let says = |line: &str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        !(line.is_empty() || line.starts_with(['#', '%']) || line == "---")
    };
    if part.lines().any(says) {
        found.push((start, part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_begin_at_their_marks_and_places_count_from_the_file() {
        let text = "%YAML 1.2\n---\na: é\n---\n# nothing\n---  # c\nb: [1\n---\nc: |\n  ---\n8080: x\n...\n";
        let mut sink = Sink::default();
        let found = documents(text, FileId(0), &mut sink);
        let shown: Vec<_> = found
            .iter()
            .map(|datum| &text[datum.span.start..datum.span.end])
            .collect();
        assert_eq!(shown, ["a: é", "c: |\n  ---\n8080: x"]);
        let told = sink.finish();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(text[told[0].primary.span.start..].starts_with('['), "{told:?}");
    }

    #[test]
    fn merges_are_put_in() {
        let text = "base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3\n";
        let found = documents(text, FileId(0), &mut Sink::default());
        let crate::syntax::Kind::Mapping(entries) = &found[0].kind else {
            panic!("a mapping");
        };
        let crate::syntax::Kind::Mapping(own) = &entries[1].value.kind else {
            panic!("a mapping");
        };
        let keys: Vec<_> = own.iter().map(|entry| entry.key.value.as_str()).collect();
        assert_eq!(keys, ["b", "a"]);
    }
}
