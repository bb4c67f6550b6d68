//! A text with a mark where the user is, and what the features make of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_compiler::{Entry, World};

use super::*;
use crate::project::{Desk, Project, Shelf};
use crate::text::Document;

mod anything;
mod complete;
mod expectations;
mod names;
mod objects;

/// Files by their paths.
#[derive(Default)]
pub(crate) struct Disk(pub(crate) BTreeMap<String, String>);

impl World for Disk {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let mut found: Vec<_> = inside
            .map(|rest| Entry {
                name: rest.split('/').next().unwrap_or_default().to_owned(),
                folder: rest.contains('/'),
            })
            .collect();
        found.dedup();
        Ok(found)
    }
}

/// Where the user is in a text.
const MARK: char = '‸';

/// What is open: the first of `files`, whose text has the mark, and what lies beside.
pub(crate) struct Scene {
    pub(crate) desk: Desk,
    pub(crate) shelf: Shelf,
    pub(crate) project: Project,
    pub(crate) at: usize,
}

impl Scene {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let (path, text) = files[0];
        let at = text.find(MARK).unwrap();
        let text = text.replace(MARK, "");
        let beside = files[1..].iter();
        let disk = Disk(
            beside
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        );
        let mut desk = Desk::new(Arc::new(disk));
        desk.put(path, Document::new(1, &text));
        let shelf = Shelf::default();
        let project = Project::around(path, &desk, &shelf).unwrap();
        Self {
            desk,
            shelf,
            project,
            at,
        }
    }

    pub(crate) fn kdl(text: &str) -> Self {
        Self::new(&[("/x/spec.kdl", text)])
    }

    pub(crate) fn offers(&self) -> Vec<Offer> {
        complete(&self.project, self.at, &self.desk)
    }

    pub(crate) fn labels(&self) -> Vec<String> {
        self.offers().into_iter().map(|offer| offer.label).collect()
    }

    /// The text after the offer `label` is taken, without places to go on at.
    pub(crate) fn taken(&self, label: &str) -> String {
        let offers = self.offers();
        let offer = offers.iter().find(|offer| offer.label == label).unwrap();
        let text = match &offer.insert {
            Insert::Text(text) | Insert::Snippet(_, text) => text,
        };
        let mut after = self.project.file().text.to_string();
        after.replace_range(offer.range.start..offer.range.end, text);
        after
    }
}
