//! What a release changes on a machine, file by file.

use std::collections::BTreeMap;
use std::fmt;

use mesh_wire::bundle::{Bundle, File};
use serde::Serialize;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is new.
    Add,
    /// Its bytes, owner or mode change.
    Change,
    /// It goes away.
    Remove,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happens.
    pub kind: Kind,
    /// Path on the machine.
    pub path: String,
    /// Its contents are never shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// The contents differ, in unified form; only where that was asked for and both are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            Kind::Add => '+',
            Kind::Change => '~',
            Kind::Remove => '-',
        };
        write!(
            f,
            "{sign} {}{}",
            self.path,
            if self.secret { " (secret)" } else { "" }
        )
    }
}

/// The changes that lead from `old` to `new`, ordered by path.
pub fn between(old: Option<&Bundle>, new: &Bundle) -> Vec<Change> {
    let index = |bundle: Option<&Bundle>| -> BTreeMap<String, File> {
        let files = bundle.map(|bundle| bundle.files.clone()).unwrap_or_default();
        files.into_iter().map(|file| (file.path.clone(), file)).collect()
    };
    let (old, new) = (index(old), index(Some(new)));
    let mut changes = Vec::new();
    for (path, file) in &new {
        let kind = match old.get(path) {
            None => Kind::Add,
            Some(before) if same(before, file) => continue,
            Some(_) => Kind::Change,
        };
        let secret = file.secret || old.get(path).is_some_and(|before| before.secret);
        changes.push(Change {
            kind,
            path: path.clone(),
            secret,
            text: None,
        });
    }
    for (path, file) in old.iter().filter(|(path, _)| !new.contains_key(*path)) {
        changes.push(Change {
            kind: Kind::Remove,
            path: path.clone(),
            secret: file.secret,
            text: None,
        });
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn same(a: &File, b: &File) -> bool {
    (&a.sha256, &a.owner, &a.group, &a.mode) == (&b.sha256, &b.owner, &b.group, &b.mode)
}

/// `old` to `new` as a unified diff; `None` when one of them is no text.
pub fn unified(path: &str, old: &[u8], new: &[u8]) -> Option<String> {
    let (old, new) = (std::str::from_utf8(old).ok()?, std::str::from_utf8(new).ok()?);
    let diff = similar::TextDiff::from_lines(old, new);
    Some(
        diff.unified_diff()
            .context_radius(2)
            .header(path, path)
            .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(files: &[(&str, u8, bool)]) -> Bundle {
        let files: Vec<_> = files
            .iter()
            .map(|(path, bytes, secret)| {
                let sha256 = mesh_wire::Sha256::of(&[*bytes]);
                serde_json::json!({"path": path, "source": "x", "owner": "root", "group": "root", "mode": "0644",
                    "sha256": sha256, "secret": secret})
            })
            .collect();
        serde_json::from_value(
            serde_json::json!({"format": 1, "vm": "v", "namespace": "n", "runtime": "0",
            "files": files, "units": [], "checks": [], "ssh": {"host": "h"}}),
        )
        .unwrap()
    }

    #[test]
    fn files_are_new_changed_or_gone() {
        let old = bundle(&[("/a", 1, false), ("/b", 1, false), ("/key", 1, true)]);
        let new = bundle(&[("/b", 1, false), ("/c", 1, false), ("/key", 2, true)]);
        let shown: Vec<_> = between(Some(&old), &new)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, ["- /a", "+ /c", "~ /key (secret)"]);
        assert_eq!(between(Some(&new), &new), []);
    }

    #[test]
    fn text_is_shown_by_lines_and_other_bytes_are_not() {
        let shown = unified("/a", b"one\ntwo\n", b"one\n2\n").unwrap();
        assert!(shown.contains("-two\n+2\n"), "{shown}");
        assert_eq!(unified("/a", b"\xff", b"x"), None);
    }
}
