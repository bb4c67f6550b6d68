use std::collections::BTreeMap;

use serde_json::Value;

use super::{differences, is_harmless, placed, written};
use crate::diag::{Diagnostic, Severity, Sources};
use crate::diff::{self, Change};
use crate::{Entry, World, compile};

/// What a written spec is worth.
pub(super) struct Proof {
    pub(super) lost: Vec<Change>,
    pub(super) added: Vec<Change>,
    pub(super) mistakes: Vec<Diagnostic>,
    pub(super) sources: Sources,
}

/// Compiles the text as everybody will, and compares what it becomes with what was there.
pub(super) fn prove(
    spec: &str,
    raw: &BTreeMap<String, String>,
    there: &[Value],
    applied_to: Option<&str>,
) -> Proof {
    let mut files = raw.clone();
    files.insert("spec.kdl".to_owned(), spec.to_owned());
    let compiled = compile(&Memory(files), "spec.kdl");
    let mut proof = Proof {
        lost: Vec::new(),
        added: Vec::new(),
        mistakes: Vec::new(),
        sources: compiled.sources,
    };
    let Some(mesh) = &compiled.model else {
        let wrong = |found: &Diagnostic| found.severity == Severity::Error;
        proof.mistakes = compiled.diagnostics.into_iter().filter(wrong).collect();
        return proof;
    };
    let mut after = written(mesh);
    for text in raw.values() {
        let objects = diff::objects_of(text.as_bytes());
        after.extend(objects.into_iter().map(|object| placed(object, applied_to)));
    }
    proof.lost = differences(there, &after)
        .into_iter()
        .map(|(change, _)| change)
        .collect();
    let all = diff::traced(there, &after)
        .into_iter()
        .map(|traced| traced.change);
    proof.added = all.filter(is_harmless).collect();
    proof
}

/// Files that are not written yet.
struct Memory(BTreeMap<String, String>);

impl World for Memory {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let below = self.0.keys().filter_map(|path| match folder.trim_matches('/') {
            "" => Some(path.as_str()),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        });
        let mut entries: Vec<_> = below
            .map(|path| match path.split_once('/') {
                Some((name, _)) => Entry {
                    name: name.to_owned(),
                    folder: true,
                },
                None => Entry {
                    name: path.to_owned(),
                    folder: false,
                },
            })
            .collect();
        entries.sort();
        entries.dedup();
        Ok(entries)
    }
}
