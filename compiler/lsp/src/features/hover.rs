use mesh_compiler::diag::{Diagnostic, code};
use mesh_compiler::rules;
use mesh_compiler::spec::reference::brief;
use mesh_compiler::spec::schema::Role;

use super::{Cursor, Place};
use crate::names::inner;
use crate::project::Project;
use crate::tree::Range;

/// What is explained, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub word: Range,
    /// Markdown.
    pub text: String,
}

/// Between two explanations.
const RULER: &str = "\n---\n\n";

/// What the word at byte `at` means, as the reference of the language tells it; of a name, what it names.
pub fn hover(project: &Project, at: usize) -> Option<Hover> {
    let file = project.file();
    if project.is_inventory() {
        return None;
    }
    let cursor = Cursor::at(file, at);
    let written = cursor.word.end > cursor.word.start;
    let meaning = match cursor.place {
        Place::Name(spec, _) => brief::node(spec, file.language),
        Place::Key(spec, field) | Place::Value(spec, field) => brief::field(spec, field, file.language),
        Place::Entry(spec, Some(field)) if written => brief::field(spec, field, file.language),
        _ => return None,
    };
    let parts = [declared(project, at), page(&cursor), Some(meaning)];
    Some(Hover {
        word: cursor.word,
        text: parts.into_iter().flatten().collect::<Vec<_>>().join(RULER),
    })
}

/// The line that declares what is named at byte `at`.
fn declared(project: &Project, at: usize) -> Option<String> {
    let names = project.names();
    let (key, spot) = names.at(project.here, at)?;
    if spot.mention.whole.is_some() {
        return None;
    }
    let declaration = names.declarations(key).into_iter().next()?;
    let file = project.file_of(declaration);
    let (number, _) = file.lines.start_of(declaration.mention.whole?.start);
    let line = file.lines.line(&file.text, number).trim();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let language = file.language.name().to_lowercase();
    Some(format!(
        "```{language}\n{line}\n```\n{name}, line {}\n",
        number + 1
    ))
}

/// The page of the code that the value at the place names.
fn page(cursor: &Cursor) -> Option<String> {
    let (Place::Value(_, field) | Place::Entry(_, Some(field))) = cursor.place else {
        return None;
    };
    let named = cursor
        .value
        .as_ref()
        .and_then(inner)
        .filter(|_| field.role == Role::Code)?;
    rules::page(code::find(&named.value)?).map(str::to_owned)
}

/// The pages of what was `found` at a place, behind what is said of it anyway.
pub fn with_pages(meaning: Option<Hover>, found: &[&Diagnostic]) -> Option<Hover> {
    let mut pages: Vec<_> = found.iter().filter_map(|found| rules::page(found.code)).collect();
    pages.dedup();
    let word = match (&meaning, found.first()) {
        (Some(hover), _) => hover.word,
        (None, found) => found?.primary.span.into(),
    };
    let parts: Vec<_> = meaning
        .iter()
        .map(|hover| hover.text.as_str())
        .chain(pages)
        .collect();
    (!parts.is_empty()).then(|| Hover {
        word,
        text: parts.join(RULER),
    })
}
