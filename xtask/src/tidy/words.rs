//! The project speaks of itself alone: no path of a machine and no name of a registry host in it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::root;

/// Pieces that are put together here so that this file does not find itself.
const FORBIDDEN: &[&[&str]] = &[
    &["/work", "/main"],
    &["/work", "/shared"],
    &["index.crates", ".io"],
    &["deb.debian", ".org"],
    &["files.python", "hosted.org"],
];

const READ: &[&str] = &[
    "rs", "md", "toml", "kdl", "j2", "yaml", "json", "py", "service", "sh",
];

pub(super) fn broken() -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in [
        "compiler",
        "runtime",
        "xtask",
        "templates",
        "examples",
        "docs",
        ".ci",
        ".cargo",
    ] {
        let folder = root().join(folder);
        if folder.is_dir() {
            walk(&folder, &mut files)?;
        }
    }
    let mut findings = Vec::new();
    for file in files {
        let known = file
            .extension()
            .is_some_and(|extension| READ.iter().any(|read| extension == *read));
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        for pieces in FORBIDDEN.iter().filter(|_| known) {
            if text.contains(&pieces.concat()) {
                findings.push(format!("{} says `{}`", file.display(), pieces.concat()));
            }
        }
    }
    Ok(findings)
}

/// All files below `folder`, in order.
pub(super) fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        let skipped = entry
            .file_name()
            .is_some_and(|name| name == "target" || name == "out");
        if entry.is_dir() && !entry.is_symlink() && !skipped {
            walk(&entry, files)?;
        } else if entry.is_file() {
            files.push(entry);
        }
    }
    Ok(())
}
