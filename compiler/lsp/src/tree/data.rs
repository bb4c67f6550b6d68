//! YAML and JSON as far as they can be understood: lines that break the text are left out until the rest says something.

use mesh_compiler::diag::{FileId, Language, Sink, code};
use mesh_compiler::spec;
use mesh_compiler::syntax::{self, Document};

use super::{Branch, Tree};

/// So many lines are left out at most.
const TRIES: usize = 8;

pub(super) fn read(text: &str, language: Language) -> Tree {
    let mut text = text.to_owned();
    for _ in 0..TRIES {
        let mut sink = Sink::default();
        let read = syntax::parse(&text, language, FileId::default(), &mut sink);
        if let Some(Document::Data(datum)) = read {
            let mut sink = Sink::default();
            let nodes = spec::nodes(&datum, &mut sink).unwrap_or_default();
            return Tree {
                nodes: nodes.into_iter().map(Branch::of).collect(),
                comments: Vec::new(),
                data: Some(datum),
            };
        }
        let broken = sink
            .finish()
            .into_iter()
            .find(|found| found.code == &code::SYNTAX);
        let Some(at) = broken.map(|found| found.primary.span.start) else {
            break;
        };
        if !leave_out(&mut text, at) {
            break;
        }
    }
    Tree::default()
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
