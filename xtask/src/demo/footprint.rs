//! What a machine looks like: taken before anything is installed and after all is removed, the two must be equal.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::stage::Stage;

/// Lists files with owner, mode and digest, users, rules, units and the resolver's settings. Left out is what changes on
/// any running machine: logs, the journal, caches, what systemd and the database keep for themselves.
const SCRIPT: &str = include_str!("footprint.sh");

/// Takes the footprint of a machine.
pub(super) fn take(stage: &Stage, machine: &str) -> Result<String> {
    stage.sh(machine, SCRIPT)
}

/// Compares two footprints; the lines that differ are the error.
pub(super) fn compare(before: &str, after: &str) -> Result<()> {
    let lines = |text: &'_ str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    let new = after.difference(&before).map(|line| format!("+ {line}"));
    let differences: Vec<_> = gone.chain(new).take(20).collect();
    if differences.is_empty() {
        Ok(())
    } else {
        bail!("the machine is not as before:\n{}", differences.join("\n"))
    }
}
