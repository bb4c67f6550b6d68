//! What has to be done on a machine: a pure function of the release and the facts.

use std::collections::BTreeSet;

use mesh_wire::Sha256;
use serde::Serialize;

use crate::diff::{self, Change};
use crate::facts::Facts;
use crate::failure::Failure;
use crate::release::Release;

mod obstacles;

pub(crate) use obstacles::disk_full;

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The release that will be in force.
    pub release: Sha256,
    /// What is done for it.
    pub action: Action,
    /// Files that become different.
    pub changes: Vec<Change>,
    /// Why the release in force is installed again, when it is.
    pub repairs: Vec<String>,
    /// What the operator should know, though it stops nothing.
    pub warnings: Vec<String>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The machine is as it should be.
    Nothing,
    /// It is, but somebody was cut off before the confirmation.
    Confirm,
    /// The release is sent and put in force.
    Install {
        /// What the machine's store lacks.
        send: Vec<Send>,
        /// The release that was in force when this was planned.
        expect: Option<Sha256>,
    },
}

/// Bytes that a machine lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Send {
    /// Their digest.
    pub sha256: Sha256,
    /// How many of them it has from an earlier transfer.
    pub from: u64,
    /// How many there are.
    pub size: u64,
}

impl Plan {
    /// Bytes to send.
    pub fn bytes(&self) -> u64 {
        match &self.action {
            Action::Install { send, .. } => send.iter().map(|blob| blob.size - blob.from).sum(),
            Action::Nothing | Action::Confirm => 0,
        }
    }
}

/// The release for this kind of machine.
///
/// # Errors
/// When there is no runtime that it can run.
pub fn choose<'a>(candidates: &'a [Release], facts: &Facts) -> Result<&'a Release, Failure> {
    candidates
        .iter()
        .find(|release| release.runtime.machine.fits(&facts.arch))
        .ok_or_else(|| {
            let have: Vec<_> = candidates
                .iter()
                .map(|release| release.runtime.machine.to_string())
                .collect();
            Failure::new(
                "architecture",
                "no runtime for this machine",
                format!(
                    "it is {}, and there is a runtime for {}",
                    facts.arch,
                    have.join(", ")
                ),
                format!(
                    "put `meshd-{}` beside meshc, or into the folder that `--runtime` names",
                    facts.arch
                ),
            )
        })
}

/// The machine is as `release` wants it, so far as [`Facts`] tell.
pub fn satisfied(release: &Release, facts: &Facts) -> bool {
    facts.release.as_ref() == Some(&release.id) && repairs(release, facts).is_empty()
}

/// Compares `release` with `facts`; `now` is this computer's clock, in seconds since 1970.
///
/// # Errors
/// When the machine cannot carry the release; nothing has been changed on it then.
pub fn plan(release: &Release, facts: &Facts, now: i64) -> Result<Plan, Failure> {
    let mut plan = Plan {
        release: release.id.clone(),
        action: Action::Nothing,
        changes: Vec::new(),
        repairs: Vec::new(),
        warnings: Vec::new(),
    };
    if satisfied(release, facts) {
        if facts.unconfirmed {
            plan.action = Action::Confirm;
        }
        return Ok(plan);
    }
    let send = missing(release, facts);
    obstacles::check(release, facts, &send)?;
    if facts.release.as_ref() == Some(&release.id) {
        plan.repairs = repairs(release, facts);
    } else {
        plan.changes = diff::between(facts.bundle.as_ref(), &release.bundle);
    }
    plan.warnings = obstacles::warnings(release, facts, now);
    plan.action = Action::Install {
        send,
        expect: facts.release.clone(),
    };
    Ok(plan)
}

fn repairs(release: &Release, facts: &Facts) -> Vec<String> {
    let files = facts
        .drift
        .iter()
        .map(|path| format!("{path} was changed on the machine"));
    let asleep = release.units().into_iter().filter(|unit| !facts.active(unit));
    files
        .chain(asleep.map(|unit| format!("{unit} is not active")))
        .collect()
}

/// Smallest first: the many small files are there even when the line breaks within a large one.
fn missing(release: &Release, facts: &Facts) -> Vec<Send> {
    let mut order = BTreeSet::new();
    for (sha256, blob) in release
        .blobs
        .iter()
        .filter(|(sha256, _)| !facts.blobs.contains(*sha256))
    {
        order.insert((blob.size, sha256.clone()));
    }
    let from = |sha256: &Sha256, size: u64| match facts.parts.get(sha256) {
        Some(&have) if have < size => have,
        _ => 0,
    };
    order
        .into_iter()
        .map(|(size, sha256)| Send {
            from: from(&sha256, size),
            sha256,
            size,
        })
        .collect()
}

#[cfg(test)]
mod tests;
