use mesh_compiler::diag::{Applicability, Diagnostic, Fix};

use super::Replacement;
use crate::project::{Checked, Desk, Shelf};
use crate::tree::Range;

/// Something that puts a mistake right.
#[derive(Clone, Copy, Debug)]
pub struct Remedy<'a> {
    /// The mistake.
    pub found: &'a Diagnostic,
    /// What puts it right.
    pub fix: &'a Fix,
}

/// What puts right the mistakes that touch `range` of the file at `path`; what is certain first.
pub fn fixes<'a>(checked: &'a Checked, path: &str, range: Range) -> Vec<Remedy<'a>> {
    let found = checked.within(path, range).into_iter();
    let mut remedies: Vec<_> = found
        .flat_map(|found| found.fixes.iter().map(move |fix| Remedy { found, fix }))
        .collect();
    remedies.sort_by_key(|remedy| !remedy.certain());
    remedies
}

impl Remedy<'_> {
    /// Nothing else can be meant.
    pub fn certain(&self) -> bool {
        self.fix.applicability == Applicability::Certain
    }

    /// What is replaced.
    pub fn edits(&self, checked: &Checked, shelf: &Shelf, desk: &Desk) -> Vec<Replacement> {
        let edits = self.fix.edits.iter();
        edits
            .filter_map(|edit| {
                let source = checked.sources.get(edit.span.file)?;
                Some(Replacement {
                    file: shelf.file(&source.path, desk)?,
                    range: edit.span.into(),
                    text: edit.text.clone(),
                })
            })
            .collect()
    }
}
