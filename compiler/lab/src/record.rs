//! What a running lab remembers of itself.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use mesh_wire::Sha256;
use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};
use crate::plan::LabPlan;

/// The lab as it was brought up: `record.json` in its state folder, written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Of the plan that it was made from.
    pub(crate) plan: Sha256,
    pub(crate) machines: BTreeMap<String, NodeRecord>,
    pub(crate) pods: BTreeMap<String, NodeRecord>,
}

/// One machine or pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeRecord {
    pub(crate) address: Ipv4Addr,
    /// What runs in a pod; of a machine, systemd knows.
    #[serde(default)]
    pub(crate) programs: Vec<String>,
}

/// The record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is in it.
    #[error("{} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        source: serde_json::Error,
    },
}

impl Record {
    /// What is remembered of a lab made from `plan`.
    pub(crate) fn of(plan: &LabPlan) -> Self {
        let machines = plan.machines.iter().map(|(name, it)| {
            (
                name.clone(),
                NodeRecord {
                    address: it.address,
                    programs: Vec::new(),
                },
            )
        });
        let pods = plan.workloads.iter().map(|(name, it)| {
            let programs = it.programs().map(str::to_owned).collect();
            (
                name.clone(),
                NodeRecord {
                    address: it.address,
                    programs,
                },
            )
        });
        Self {
            plan: digest(plan),
            machines: machines.collect(),
            pods: pods.collect(),
        }
    }

    /// Reads the record of the lab whose state is in `dir`; `None` where no lab is, or only half of one.
    pub(crate) fn load(dir: &Path) -> Result<Option<Self>, RecordError> {
        let path = dir.join("record.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = files::read(&path)?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|source| RecordError::Damaged { path, source })
    }

    /// Writes it into `dir`.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), RecordError> {
        let path = dir.join("record.json");
        let text = serde_json::to_vec_pretty(self);
        let text = text.map_err(|source| RecordError::Damaged {
            path: path.clone(),
            source,
        })?;
        Ok(files::write(&path, &text, 0o644)?)
    }
}

fn digest(plan: &LabPlan) -> Sha256 {
    // A plan is made of maps with text keys: it always is JSON.
    Sha256::of(&serde_json::to_vec(plan).unwrap_or_default())
}
