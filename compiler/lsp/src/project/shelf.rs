use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mesh_compiler::diag::Language;
use mesh_compiler::spec::schema::{Child, SPEC, TESTS};
use mesh_compiler::{World, query, spec};

use super::Desk;
use crate::names::{Inventory, Mention, Said, said};
use crate::text::{Document, Lines};
use crate::tree::{Tree, text};

/// A file as it is seen.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<Lines>,
    /// What can be seen of the text.
    pub tree: Tree,
    said: OnceLock<Said>,
}

impl File {
    fn new(path: &str, document: &Document) -> Self {
        let language = Language::of_path(path);
        Self {
            path: path.to_owned(),
            language,
            text: Arc::clone(&document.text),
            lines: Arc::clone(&document.lines),
            tree: if is_table(path) {
                Tree::default()
            } else {
                Tree::of(&document.text, language)
            },
            said: OnceLock::new(),
        }
    }

    /// It is a table, in none of the languages of specs.
    pub fn is_table(&self) -> bool {
        is_table(&self.path)
    }

    /// What may stand at its top.
    pub fn top(&self) -> &'static [Child] {
        if is_test(&self.path) { TESTS } else { SPEC }
    }

    /// The names in it.
    pub fn mentions(&self) -> &[Mention] {
        &self.said().mentions
    }

    /// The inventories that it names.
    pub fn inventories(&self) -> &[Inventory] {
        &self.said().inventories
    }

    fn said(&self) -> &Said {
        self.said.get_or_init(|| said(&self.tree, self.top()))
    }
}

/// An inventory, as the group that names it takes it.
#[derive(Debug)]
pub struct Listing {
    /// The file.
    pub file: Arc<File>,
    by: Inventory,
    mentions: Vec<Mention>,
}

impl Listing {
    /// The names in it.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }
}

/// Files that were looked at: one that has not changed is not read again.
#[derive(Debug, Default)]
pub struct Shelf {
    files: Mutex<BTreeMap<String, Arc<File>>>,
    listings: Mutex<BTreeMap<String, Arc<Listing>>>,
}

/// It is a table, none of the languages of specs.
pub(super) fn is_table(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, end)| end.eq_ignore_ascii_case("csv"))
}

/// It holds expectations for `meshc test`, whose top is another than a spec's.
pub(super) fn is_test(path: &str) -> bool {
    path.ends_with(query::expect::END)
}

/// More files than these of one spec are not looked at.
const MOST: usize = 10_000;

impl Shelf {
    /// The file at `path`.
    pub fn file(&self, path: &str, desk: &Desk) -> Option<Arc<File>> {
        let document = match desk.document(path) {
            Some(document) => document.clone(),
            None => Document::new(0, &desk.read(path).ok()?),
        };
        let same = |file: &&Arc<File>| Arc::ptr_eq(&file.text, &document.text) || file.text == document.text;
        let known = self.lock().get(path).filter(same).map(Arc::clone);
        Some(known.unwrap_or_else(|| {
            let file = Arc::new(File::new(path, &document));
            self.lock().insert(path.to_owned(), Arc::clone(&file));
            file
        }))
    }

    /// The spec at `path` and all files that it includes, in the order in which they are named.
    pub fn spec(&self, path: &str, desk: &Desk) -> Vec<Arc<File>> {
        let mut found: Vec<Arc<File>> = Vec::new();
        let mut wanted = vec![path.to_owned()];
        while let Some(path) = wanted.pop() {
            if found.len() >= MOST || found.iter().any(|file| file.path == path) {
                continue;
            }
            let Some(file) = self.file(&path, desk) else {
                continue;
            };
            let includes = file.tree.nodes.iter().filter(|node| node.name.value == "include");
            let named = includes.flat_map(|node| &node.args).filter_map(text);
            let mut paths: Vec<_> = named
                .flat_map(|named| spec::find(desk, &path, named.value).unwrap_or_default())
                .collect();
            paths.reverse();
            wanted.extend(paths);
            found.push(file);
        }
        found
    }

    /// The files of expectations that lie beside the spec at `path`.
    pub fn tests(&self, path: &str, desk: &Desk) -> Vec<Arc<File>> {
        let folder = spec::beside(path, "");
        let mut names: Vec<_> = desk
            .list(folder.trim_end_matches('/'))
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| !entry.folder && is_test(&entry.name))
            .map(|entry| spec::beside(path, &entry.name))
            .collect();
        names.sort();
        names.iter().filter_map(|path| self.file(path, desk)).collect()
    }

    /// The inventories that `files` name, in the order in which they are named.
    pub fn listings(&self, files: &[Arc<File>], desk: &Desk) -> Vec<Arc<Listing>> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut listings = Vec::new();
        for file in files {
            for inventory in file.inventories() {
                let paths = spec::find(desk, &file.path, &inventory.named).unwrap_or_default();
                // One that two groups take is the first one's.
                let new = paths.into_iter().filter(|path| found.insert(path.clone()));
                let new: Vec<_> = new.collect();
                listings.extend(new.iter().filter_map(|path| self.listing(path, inventory, desk)));
            }
        }
        listings
    }

    fn listing(&self, path: &str, by: &Inventory, desk: &Desk) -> Option<Arc<Listing>> {
        let file = self.file(path, desk)?;
        let mut known = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &&Arc<Listing>| Arc::ptr_eq(&known.file, &file) && known.by == *by;
        if let Some(known) = known.get(path).filter(same) {
            return Some(Arc::clone(known));
        }
        let listing = Arc::new(Listing {
            mentions: by.mentions(&file.text, path),
            by: by.clone(),
            file,
        });
        known.insert(path.to_owned(), Arc::clone(&listing));
        Some(listing)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<File>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
