//! Holds what ARCHITECTURE.md promises: who may depend on whom, and that the docs tell the truth.

mod docs;
mod edges;
mod modules;
mod words;

use anyhow::{Result, bail};

/// A rule of the house: it returns what breaks it.
type Rule = fn() -> Result<Vec<String>>;

const RULES: &[(&str, Rule)] = &[
    (
        "crates depend on each other only as ARCHITECTURE.md draws it",
        edges::broken,
    ),
    (
        "modules of a crate depend on each other only as ARCHITECTURE.md draws it",
        modules::broken,
    ),
    ("every path and command that the docs quote exists", docs::broken),
    ("the project speaks of itself alone", words::broken),
];

pub(crate) fn run() -> Result<()> {
    let mut broken = 0;
    for (rule, find) in RULES {
        let findings = find()?;
        println!("{} {rule}", if findings.is_empty() { "ok    " } else { "BROKEN" });
        findings.iter().for_each(|finding| println!("       {finding}"));
        broken += findings.len();
    }
    if broken == 0 {
        Ok(())
    } else {
        bail!("{broken} findings")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        for (rule, find) in RULES {
            let findings = find().expect("the rule can be looked at");
            assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
        }
    }
}
