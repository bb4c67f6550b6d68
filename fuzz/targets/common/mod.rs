//! What holds of every text, in whatever language it says that it is in.
#![allow(dead_code, reason = "every target uses a part of this")]

use mesh_compiler::diag::{FileId, Language, Severity, Sink};
use mesh_compiler::syntax::{Node, print};
use mesh_compiler::{Compiled, World, spec};

struct One<'a>(&'a str);

impl World for One<'_> {
    /// Includes lead to the same text again, some folders down.
    fn read(&self, path: &str) -> Result<String, String> {
        if path.matches('/').count() > 3 {
            return Err("there is no such file".to_owned());
        }
        Ok(self.0.to_owned())
    }
}

/// A text is a mesh or a list of diagnostics, whose places lie in it; a tree without mistakes is printed as itself.
pub(crate) fn hold(text: &str, path: &str) {
    sound(&mesh_compiler::compile(&One(text), path));
    if let Some(nodes) = mesh_compiler::read(text, path, Language::of_path(path)).nodes {
        again(&nodes, Language::Kdl, &print::kdl(&nodes));
        again(&nodes, Language::Yaml, &print::yaml(&spec::data(&nodes)));
        again(&nodes, Language::Json, &print::json(&spec::data(&nodes)));
    }
}

/// There is a mesh or a list of mistakes, whose places lie in the files.
pub(crate) fn sound(compiled: &Compiled) {
    let errors = compiled
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .count();
    assert_eq!(
        compiled.model.is_none(),
        errors > 0,
        "a spec that is refused is told why"
    );
    for label in compiled
        .diagnostics
        .iter()
        .flat_map(|found| found.labels.iter().chain([&found.primary]))
    {
        let source = compiled
            .sources
            .get(label.span.file)
            .expect("a place is in a file");
        assert!(
            source.text.get(label.span.start..label.span.end).is_some(),
            "{label:?}"
        );
    }
}

fn again(nodes: &[Node], language: Language, text: &str) {
    let mut sink = Sink::default();
    let read = spec::parse(text, language, FileId(0), &mut sink);
    assert!(
        sink.is_empty(),
        "{}: {:?}\n{text}",
        language.name(),
        sink.finish()
    );
    // As KDL, both say the same without places.
    let before = print::json(&spec::data(nodes));
    assert_eq!(
        print::json(&spec::data(&read.unwrap_or_default())),
        before,
        "{}\n{text}",
        language.name()
    );
}
