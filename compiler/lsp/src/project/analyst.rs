use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mesh_compiler::diag::{Diagnostic, Language, Sources};
use mesh_compiler::spec::Settings;
use mesh_compiler::{Entry, ObjectOptions, World, check_objects, compile_with, fix, query};

use super::{Desk, Home, manifests};
use crate::tree::Range;

/// What the compiler says of a spec, of objects of Kubernetes, or of a file alone.
#[derive(Debug)]
pub struct Checked {
    /// What it found.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that places lie in.
    pub sources: Sources,
}

impl Checked {
    /// What was found in `range` of the file at `path`.
    pub fn within(&self, path: &str, range: Range) -> Vec<&Diagnostic> {
        let here = |found: &&Diagnostic| {
            let span = found.primary.span;
            let file = self.sources.get(span.file);
            file.is_some_and(|file| file.path == path) && span.start <= range.end && range.start <= span.end
        };
        self.diagnostics.iter().filter(here).collect()
    }
}

/// Who asks the compiler, and remembers what it said of files that have not changed since.
#[derive(Debug, Default)]
pub struct Analyst {
    settings: Settings,
    said: Mutex<BTreeMap<String, Said>>,
    /// The state of the desk that is wanted; work on an older one is given up.
    wanted: AtomicU64,
}

#[derive(Debug)]
struct Said {
    looked: Looked,
    checked: Arc<Checked>,
}

/// What was looked at in the world, and what was there.
#[derive(Debug, Default)]
struct Looked {
    files: BTreeMap<String, u64>,
    folders: BTreeMap<String, u64>,
}

impl Analyst {
    /// Specs are checked with `settings`.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Work on states before `state` is not wanted any more.
    pub fn want(&self, state: u64) {
        self.wanted.fetch_max(state, Ordering::Relaxed);
    }

    /// Whether work on `state` is still wanted.
    pub fn wants(&self, state: u64) -> bool {
        self.wanted.load(Ordering::Relaxed) <= state
    }

    /// What the compiler says of what belongs to `home`, of which the file at `path` is a part; `None` if that is not wanted
    /// any more, or nothing is said.
    pub fn check(&self, home: &Home, path: &str, desk: &Desk, state: u64) -> Option<Arc<Checked>> {
        let key = match home {
            Home::Spec(spec) | Home::Listed(spec) => spec,
            Home::Objects(folder) => folder,
            Home::Alone | Home::Tests(_) => path,
            Home::Foreign => return None,
        };
        let known = self
            .lock()
            .get(key)
            .map(|said| (said.looked.same(desk), Arc::clone(&said.checked)));
        if let Some((true, checked)) = known {
            return Some(checked);
        }
        let watch = Watch {
            desk,
            analyst: self,
            state,
            looked: Mutex::default(),
        };
        let checked = Arc::new(self.look(home, path, &watch));
        if watch.cancelled() {
            return None;
        }
        let said = Said {
            looked: watch.looked.into_inner().unwrap_or_else(PoisonError::into_inner),
            checked: Arc::clone(&checked),
        };
        self.lock().insert(key.to_owned(), said);
        Some(checked)
    }

    /// What the compiler finds in the files of `world`.
    fn look(&self, home: &Home, path: &str, world: &dyn World) -> Checked {
        let (diagnostics, sources) = match home {
            Home::Spec(spec) | Home::Listed(spec) => {
                let compiled = compile_with(world, spec, &self.settings);
                (compiled.diagnostics, compiled.sources)
            }
            Home::Tests(spec) => self.look_at_tests(spec, path, world),
            Home::Objects(folder) => {
                let files = manifests(folder, world);
                let checked = check_objects(world, &files, &ObjectOptions::default());
                (checked.diagnostics, checked.sources)
            }
            // Its words are held against the language.
            Home::Alone | Home::Foreign => {
                let text = world.read(path).unwrap_or_default();
                let read = mesh_compiler::read(&text, path, Language::of_path(path));
                (read.diagnostics, read.sources)
            }
        };
        Checked { diagnostics, sources }
    }

    /// The mistakes of the file of expectations at `path`, and those that the mesh does not meet. What is wrong with the spec
    /// is told there.
    fn look_at_tests(&self, spec: &str, path: &str, world: &dyn World) -> (Vec<Diagnostic>, Sources) {
        let compiled = compile_with(world, spec, &self.settings);
        let mut sources = compiled.sources;
        let Some(mesh) = &compiled.model else {
            return (Vec::new(), sources);
        };
        let (expected, mut found) = query::read_tests(world, spec, mesh, &mut sources);
        let verdicts = query::judge(mesh, &expected, path, &sources);
        found.extend(verdicts.into_iter().filter_map(|verdict| verdict.failure));
        found.retain(|found| {
            let file = sources.get(found.primary.span.file);
            file.is_some_and(|file| file.path == path)
        });
        (found, sources)
    }

    /// The files that are another when everything is put right that only one remedy is for, as they are then.
    pub fn put_right(&self, home: &Home, path: &str, desk: &Desk) -> Vec<(String, String)> {
        let check = |world: &dyn World| {
            let checked = self.look(home, path, world);
            (checked.diagnostics, checked.sources)
        };
        let fixed = fix(desk, check).files.into_iter();
        fixed.map(|(path, rewritten)| (path, rewritten.after)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looked {
    fn same(&self, desk: &Desk) -> bool {
        let file = |(path, seen): (&String, &u64)| hash(&desk.bytes(path)) == *seen;
        let folder = |(path, seen): (&String, &u64)| hash(&listed(desk, path)) == *seen;
        self.files.iter().all(file) && self.folders.iter().all(folder)
    }
}

/// Notes what the compiler looks at.
struct Watch<'a> {
    desk: &'a Desk,
    analyst: &'a Analyst,
    state: u64,
    looked: Mutex<Looked>,
}

impl Watch<'_> {
    fn looked(&self) -> std::sync::MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for Watch<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let found = self.desk.read(path);
        let bytes = found.as_ref().map(String::as_bytes).map_err(Clone::clone);
        self.looked().files.insert(path.to_owned(), hash(&bytes));
        found
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.desk.bytes(path);
        self.looked().files.insert(path.to_owned(), hash(&found));
        found
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let found = listed(self.desk, folder);
        self.looked().folders.insert(folder.to_owned(), hash(&found));
        found.map(|entries| {
            let entry = |(name, folder)| Entry { name, folder };
            entries.into_iter().map(entry).collect()
        })
    }

    fn cancelled(&self) -> bool {
        !self.analyst.wants(self.state)
    }
}

fn listed(desk: &Desk, folder: &str) -> Result<Vec<(String, bool)>, String> {
    let mut found = desk.list(folder)?;
    found.sort();
    Ok(found
        .into_iter()
        .map(|entry| (entry.name, entry.folder))
        .collect())
}

/// A number that differs where what was found differs; why a file cannot be read is part of it.
fn hash<T: std::hash::Hash>(found: &Result<T, String>) -> u64 {
    let mut hasher = DefaultHasher::new();
    found.hash(&mut hasher);
    hasher.finish()
}
