use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mesh_compiler::{Entry, World};

use crate::text::Document;

/// All files as the user sees them: open documents, and the disk behind them. It never changes; a change of a document
/// makes the next one.
#[derive(Clone)]
pub struct Desk {
    documents: Arc<BTreeMap<String, Document>>,
    disk: Arc<dyn World + Send + Sync>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("documents", &self.documents)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// No document is open.
    pub fn new(disk: Arc<dyn World + Send + Sync>) -> Self {
        Self {
            documents: Arc::default(),
            disk,
        }
    }

    /// Opens `document` at `path`, or puts it in the place of the one that is there.
    pub fn put(&mut self, path: &str, document: Document) {
        Arc::make_mut(&mut self.documents).insert(path.to_owned(), document);
    }

    /// Closes the document at `path`: what is on the disk counts again.
    pub fn close(&mut self, path: &str) {
        Arc::make_mut(&mut self.documents).remove(path);
    }

    /// The open document at `path`.
    pub fn document(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// Every open document with its path.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.documents
            .iter()
            .map(|(path, document)| (path.as_str(), document))
    }
}

impl World for Desk {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.documents.get(path) {
            Some(document) => Ok(document.text.to_string()),
            None => self.disk.read(path),
        }
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.documents.get(path) {
            Some(document) => Ok(document.text.as_bytes().to_vec()),
            None => self.disk.bytes(path),
        }
    }

    /// What lies in the folder, and documents that were never saved.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let listed = self.disk.list(folder);
        let unsaved: Vec<_> = self
            .documents
            .keys()
            .filter_map(|path| path.rsplit_once('/'))
            .filter(|(parent, _)| *parent == folder.trim_end_matches('/'))
            .map(|(_, name)| name)
            .collect();
        let mut found = match listed {
            Err(_) if !unsaved.is_empty() => Vec::new(),
            other => other?,
        };
        for name in unsaved {
            if !found.iter().any(|entry| entry.name == name) {
                found.push(Entry {
                    name: name.to_owned(),
                    folder: false,
                });
            }
        }
        Ok(found)
    }
}
