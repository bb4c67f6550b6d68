//! Whatever an editor shows, everything can be asked at every place of it, and what is answered lies in the text.
#![no_main]

use std::sync::Arc;

use mesh_compiler::World;
use mesh_lsp::features::{complete, definition, folding, format, hover, outline, references, rename};
use mesh_lsp::project::{Desk, Project, Shelf};
use mesh_lsp::text::Document;
use mesh_lsp::tree::Range;

struct Nothing;

impl World for Nothing {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }
}

/// So many places of a text are asked about.
const PLACES: usize = 16;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for path in ["/x/spec.kdl", "/x/spec.yaml", "/x/spec.json"] {
        ask(path, text);
    }
});

fn ask(path: &str, text: &str) {
    let mut desk = Desk::new(Arc::new(Nothing));
    desk.put(path, Document::new(1, text));
    let shelf = Shelf::default();
    let Some(project) = Project::around(path, &desk, &shelf) else {
        return;
    };
    let inside = |range: Range| assert!(text.get(range.start..range.end).is_some(), "{range:?} of\n{text}");
    outline(project.file())
        .into_iter()
        .for_each(|symbol| inside(symbol.whole));
    folding(project.file()).into_iter().for_each(inside);
    format(project.file())
        .into_iter()
        .for_each(|(range, _)| inside(range));
    for at in (0..=text.len()).step_by(text.len() / PLACES + 1) {
        let at = text.floor_char_boundary(at);
        complete(&project, at, &desk)
            .iter()
            .for_each(|offer| inside(offer.range));
        hover(&project, at).iter().for_each(|hover| inside(hover.word));
        definition(&project, at, &desk, &shelf)
            .iter()
            .for_each(|target| inside(target.name));
        references(&project, at, true)
            .iter()
            .for_each(|target| inside(target.name));
        let renamed = rename(&project, at, "new").unwrap_or_default();
        renamed.iter().for_each(|replacement| inside(replacement.range));
    }
}
