//! YAML and JSON as far as they can be understood: lines that break the text are left out until the rest says something.

use mesh_compiler::diag::{FileId, Language, Sink, code};
use mesh_compiler::spec;
use mesh_compiler::syntax::{self, Datum, Document};

use super::{Branch, Tree};

/// So many lines are left out at most.
const TRIES: usize = 8;

pub(super) fn read(text: &str, language: Language) -> Tree {
    let parse = |text: &str, sink: &mut Sink| match syntax::parse(text, language, FileId::default(), sink) {
        Some(Document::Data(datum)) => Some(datum),
        _ => None,
    };
    let Some(datum) = understood(text, parse) else {
        return Tree::default();
    };
    let nodes = spec::nodes(&datum, &mut Sink::default()).unwrap_or_default();
    Tree {
        nodes: nodes.into_iter().map(Branch::of).collect(),
        comments: Vec::new(),
        data: Some(datum),
    }
}

/// The object that the first document of `text` describes, as far as it can be understood.
pub(crate) fn object(text: &str, language: Language) -> Option<Datum> {
    understood(text, |text, sink| {
        let found = syntax::documents(text, language, FileId::default(), sink);
        found.into_iter().next()
    })
}

/// What `parse` makes of `text` without the lines that break it.
fn understood(text: &str, parse: impl Fn(&str, &mut Sink) -> Option<Datum>) -> Option<Datum> {
    let mut text = text.to_owned();
    for _ in 0..TRIES {
        let mut sink = Sink::default();
        if let Some(datum) = parse(&text, &mut sink) {
            return Some(datum);
        }
        let mut found = sink.finish().into_iter();
        let broken = found.find(|found| found.code == &code::SYNTAX)?;
        if !leave_out(&mut text, broken.primary.span.start) {
            return None;
        }
    }
    None
}

/// Puts blanks in the place of the line of byte `at`, so that all others stay where they are. If it is blank already, in
/// that of the last line before it that is not.
fn leave_out(text: &mut String, at: usize) -> bool {
    let mut end = text.floor_char_boundary(at.min(text.len()));
    end += text[end..].find(['\n', '\r']).unwrap_or(text.len() - end);
    loop {
        let start = text[..end].rfind(['\n', '\r']).map_or(0, |before| before + 1);
        if !text[start..end].trim().is_empty() {
            let blank = " ".repeat(end - start);
            text.replace_range(start..end, &blank);
            return true;
        }
        if start == 0 {
            return false;
        }
        end = start - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_still_typed_hides_no_other() {
        for (text, language) in [
            ("mesh:\n  name: m\n  mtl\nnetwork: kube\n", Language::Yaml),
            ("mesh: {name: m}\nnetwork: kube\nnamespace: [\n", Language::Yaml),
            (
                "{\n\"mesh\": {\"name\": \"m\"},\n\"network\": \"kube\",\n\"clu\n}",
                Language::Json,
            ),
        ] {
            let tree = read(text, language);
            let names: Vec<_> = tree.nodes.iter().map(|node| node.name.value.as_str()).collect();
            assert_eq!(names[..2], ["mesh", "network"], "{text:?}");
            let kube = text.find("kube").unwrap();
            let shown = tree.nodes[1].args[0].span;
            assert!((kube - 1..=kube).contains(&shown.start), "{shown:?}");
        }
    }
}
