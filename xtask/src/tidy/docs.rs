//! Looks at what the docs quote between backticks: paths must exist, commands must be known.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::root;

/// Folders that only exist once something was built, or that lie on other machines.
const ELSEWHERE: &[&str] = &[
    "out/",
    "target/",
    "/",
    "~",
    "../",
    "vms/",
    "groups/",
    "kubernetes/",
    "http",
];

/// First folders of the checkout: a quoted word that begins with one is a path.
const ROOMS: &[&str] = &[
    "compiler/",
    "runtime/",
    "xtask/",
    "templates/",
    "examples/",
    "golden/",
    "schemas/",
    "docs/",
    ".ci/",
    ".cargo/",
];

pub(super) fn broken() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for doc in docs()? {
        let text = std::fs::read_to_string(&doc)?;
        let name = doc.strip_prefix(root()).unwrap_or(&doc).display().to_string();
        for quote in quotes(&text) {
            findings.extend(fault(&quote).map(|fault| format!("{name}: `{quote}`: {fault}")));
        }
    }
    Ok(findings)
}

fn docs() -> Result<Vec<PathBuf>> {
    let mut docs = Vec::new();
    for entry in std::fs::read_dir(root())? {
        docs.push(entry?.path());
    }
    let folder = root().join("docs");
    if folder.is_dir() {
        super::words::walk(&folder, &mut docs)?;
    }
    super::words::walk(&root().join("examples"), &mut docs)?;
    docs.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "md"));
    docs.sort();
    Ok(docs)
}

/// What stands between single backticks, and each line of the blocks that are marked `sh`.
fn quotes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    for line in text.lines() {
        if let Some(language) = line.trim().strip_prefix("```") {
            block = if block.is_some() {
                None
            } else {
                Some(language == "sh")
            };
            continue;
        }
        match block {
            Some(true) => found.push(line.trim_start_matches("$ ").to_owned()),
            Some(false) => {}
            None => found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned)),
        }
    }
    found
}

fn fault(quote: &str) -> Option<String> {
    let words: Vec<_> = quote
        .split_whitespace()
        .skip_while(|word| *word == "sudo")
        .collect();
    match words.as_slice() {
        ["cargo", "xtask", task, ..] => known(task, &root().join("xtask/src/main.rs"), "cargo xtask"),
        ["meshc", command, ..] => command_file("compiler/meshc/src/commands", command, "meshc"),
        ["meshd", command, ..] => known(command, &root().join("runtime/meshd/src/cli.rs"), "meshd"),
        [path] => missing(path),
        _ => None,
    }
}

/// A subcommand is a variant of an enum: `apply-again` is `ApplyAgain`.
fn known(word: &str, source: &std::path::Path, program: &str) -> Option<String> {
    if !is_word(word) {
        return None;
    }
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    let variant: String = word.split('-').map(capital).collect();
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let there = text.lines().map(str::trim_start).any(|line| {
        line.strip_prefix(&variant)
            .is_some_and(|rest| rest.starts_with([',', '(', ' ', '{']))
    });
    (!there).then(|| format!("{program} has no command `{word}`"))
}

fn command_file(folder: &str, word: &str, program: &str) -> Option<String> {
    if !is_word(word) {
        return None;
    }
    let there = root()
        .join(folder)
        .join(format!("{}.rs", word.replace('-', "_")))
        .is_file();
    (!there).then(|| format!("{program} has no command `{word}`"))
}

/// Options and placeholders are no commands.
fn is_word(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|next| next.is_ascii_lowercase() || next == '-')
}

fn missing(path: &str) -> Option<String> {
    let is_path = ROOMS.iter().any(|room| path.starts_with(room));
    let placeholder = path.contains(['<', '*', '{', '…', '|', '$']);
    if !is_path || placeholder || ELSEWHERE.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let path = path.trim_end_matches('/').split("::").next().unwrap_or_default();
    (!root().join(path).exists()).then(|| "there is no such path".to_owned())
}
