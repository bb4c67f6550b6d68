//! What meshd answers when it is asked how it is: `meshd status --format json`.

use serde::{Deserialize, Serialize};

use crate::Sha256;

/// The state of meshd on one machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
pub struct Status {
    /// meshd's version.
    pub version: String,
    /// The release that is in force; `None` where nothing is installed.
    pub release: Option<Sha256>,
    /// The one before, to which a rollback goes.
    pub previous: Option<Sha256>,
    /// The release in force waits for its confirmation; seconds until it is taken back.
    pub unconfirmed: Option<u64>,
    /// The process answers.
    pub running: bool,
    /// It serves (15021).
    pub ready: bool,
    /// Why it does not serve, if it runs and does not.
    pub reason: Option<String>,
    /// The digest of the snapshot that it acts on.
    pub snapshot: Option<Sha256>,
    /// Why the newest snapshot was refused, if it was.
    pub snapshot_error: Option<String>,
    /// Why the newest certificate, key or roots were refused, if they were.
    pub identity_error: Option<String>,
    /// Capture rules are in the kernel; `None` where whoever asks may not look, which takes root.
    pub capture: Option<bool>,
    /// SPIFFE ID.
    pub spiffe: Option<String>,
    /// Seconds until the certificate ends; negative when it has.
    pub certificate_seconds: Option<i64>,
    /// Resident memory, bytes.
    pub memory: Option<u64>,
    /// Seconds since the process started.
    pub uptime: Option<u64>,
}
