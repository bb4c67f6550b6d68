//! Reads `use crate::…` and compares the edges between rooms of a crate with those that are drawn.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::root;

/// A room, and the rooms that it may *not* look into.
type Wall = (&'static str, &'static [&'static str]);

/// A crate's source folder and its walls.
const WALLS: &[(&str, &[Wall])] = &[
    (
        "compiler/core/src",
        &[
            ("diag", &["syntax", "spec", "model", "rules", "template", "emit"]),
            ("syntax", &["spec", "model", "rules", "template", "emit"]),
            ("spec", &["model", "rules", "template", "emit"]),
            ("model", &["rules", "template", "emit"]),
            ("rules", &["template", "emit"]),
            ("template", &["rules", "emit"]),
            ("emit", &["rules", "template", "spec", "syntax", "diff", "query"]),
            ("diff", &["rules", "template", "spec", "syntax"]),
            ("query", &["rules", "template", "syntax"]),
        ],
    ),
    (
        "compiler/lsp/src",
        &[
            ("text", &["tree", "names", "project", "features", "server"]),
            ("tree", &["names", "project", "features", "server"]),
            ("names", &["project", "features", "server"]),
            ("project", &["features", "server"]),
            ("features", &["server"]),
        ],
    ),
    (
        "runtime/proxy/src",
        &[
            ("state", &["inbound", "outbound", "dns"]),
            ("dns", &["inbound", "outbound"]),
            ("inbound", &["outbound", "dns"]),
            ("outbound", &["inbound", "dns"]),
        ],
    ),
];

pub(super) fn broken() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (source, rooms) in WALLS {
        for (room, forbidden) in *rooms {
            for file in files_of(&root().join(source), room)? {
                findings.extend(looks(&file, forbidden)?);
            }
        }
    }
    Ok(findings)
}

/// `room.rs` and everything below `room/`.
fn files_of(source: &Path, room: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = Some(source.join(format!("{room}.rs")))
        .into_iter()
        .filter(|file| file.is_file())
        .collect();
    let folder = source.join(room);
    if folder.is_dir() {
        super::words::walk(&folder, &mut files)?;
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    Ok(files)
}

fn looks(file: &Path, forbidden: &[&str]) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut findings = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let is_doc = line.trim_start().starts_with("//");
        for room in forbidden {
            let word = format!("crate::{room}");
            let after = line.split(&word).nth(1);
            let whole = after
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'));
            if whole && !is_doc {
                let place = file.strip_prefix(root()).unwrap_or(file).display().to_string();
                findings.push(format!("{place}:{}: looks into `{room}`", number + 1));
            }
        }
    }
    Ok(findings)
}
