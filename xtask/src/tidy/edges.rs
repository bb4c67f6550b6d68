//! Reads the manifests and compares their edges with those that are drawn.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::command::root;

/// Crate -> the crates of the house that it may use.
const DRAWN: &[(&str, &[&str])] = &[
    (
        "meshc",
        &[
            "mesh-apply",
            "mesh-compiler",
            "mesh-envoy",
            "mesh-lab",
            "mesh-lsp",
            "mesh-wire",
        ],
    ),
    ("mesh-lsp", &["mesh-compiler"]),
    ("mesh-lab", &["mesh-wire"]),
    ("mesh-apply", &["mesh-wire"]),
    ("mesh-compiler", &["mesh-wire"]),
    ("mesh-wire", &[]),
    ("mesh-http2", &[]),
    ("mesh-tls", &[]),
    ("mesh-proxy", &["mesh-http2", "mesh-tls", "mesh-wire"]),
    ("mesh-bench", &["mesh-proxy", "mesh-wire"]),
    ("mesh-xds", &["mesh-wire"]),
    ("mesh-envoy", &["mesh-wire"]),
    ("meshd", &["mesh-envoy", "mesh-proxy", "mesh-wire", "mesh-xds"]),
    ("xtask", &[]),
    (
        "fuzz",
        &[
            "mesh-apply",
            "mesh-compiler",
            "mesh-http2",
            "mesh-lsp",
            "mesh-proxy",
            "mesh-tls",
            "mesh-wire",
            "mesh-xds",
        ],
    ),
];

/// What the compiler core may never use, for it is pure.
const IMPURE: &[&str] = &["tokio", "nix", "ssh2", "tempfile", "socket2", "rand"];

pub(super) fn broken() -> Result<Vec<String>> {
    let drawn: BTreeMap<_, _> = DRAWN.iter().copied().collect();
    let mut findings = Vec::new();
    for (name, dependencies) in manifests()? {
        let Some(allowed) = drawn.get(name.as_str()) else {
            findings.push(format!("{name} is not in the drawing"));
            continue;
        };
        for dependency in dependencies {
            if drawn.contains_key(dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                findings.push(format!("{name} must not use {dependency}"));
            }
            if name == "mesh-compiler" && IMPURE.contains(&dependency.as_str()) {
                findings.push(format!("{name} is pure and must not use {dependency}"));
            }
        }
    }
    Ok(findings)
}

/// Every crate of the workspace with what its manifest lists, tests' dependencies left out.
fn manifests() -> Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for folder in ["compiler", "runtime", ""] {
        for entry in std::fs::read_dir(root().join(folder))? {
            let manifest = entry?.path().join("Cargo.toml");
            if !manifest.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&manifest)?;
            let tree: toml::Table = text.parse().with_context(|| manifest.display().to_string())?;
            let name = tree
                .get("package")
                .and_then(|package| package.get("name"))
                .and_then(toml::Value::as_str);
            let Some(name) = name else { continue };
            let listed = tree.get("dependencies").and_then(toml::Value::as_table);
            let listed = listed
                .map(|table| table.keys().cloned().collect())
                .unwrap_or_default();
            found.push((name.to_owned(), listed));
        }
    }
    found.sort();
    Ok(found)
}
