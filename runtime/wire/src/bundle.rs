//! What a VM is given: files, units and checks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Sha256;
use crate::matcher::is_false;

/// The newest format of [`Bundle`] that this crate reads.
pub const FORMAT: u32 = 1;

/// The list of what a VM is given: `out/vms/<vm>/bundle.json`.
///
/// The digest of the document's bytes names the release on the VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`] of its writer.
    pub format: u32,
    /// The VM's name.
    pub vm: String,
    /// Its namespace.
    pub namespace: String,
    /// The runtime's version; the program itself is added when the bundle is shipped.
    pub runtime: String,
    /// The program's digest. The shipper writes it, so that another program is another release; `None` in `out/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_sha256: Option<Sha256>,
    /// What lies where on the machine, ordered by path.
    pub files: Vec<File>,
    /// systemd units, in the order in which they are started.
    pub units: Vec<Unit>,
    /// What must hold after the switch.
    pub checks: Vec<Check>,
    /// How the shipper reaches the machine.
    pub ssh: Ssh,
}

/// One file on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// Absolute path on the machine.
    pub path: String,
    /// Path below `out/`, where the bytes are.
    pub source: String,
    /// Owning user.
    pub owner: String,
    /// Owning group.
    pub group: String,
    /// Permissions, four octal digits such as `0644`.
    pub mode: String,
    /// Digest of the bytes.
    pub sha256: Sha256,
    /// Never shown, never logged.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
}

/// One systemd unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unit {
    /// Such as `meshd.service`.
    pub name: String,
    /// Starts at boot.
    pub enable: bool,
}

/// What must hold after the switch, else the last release comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// The unit is active.
    UnitActive(String),
    /// meshd's own readiness on 15021.
    Ready,
    /// meshd's DNS answers this name.
    Name(String),
    /// The application answers its probe.
    Probe(Probe),
}

/// How the application is asked whether it is well (Istio ReadinessProbe).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Probe {
    /// What is asked.
    pub action: ProbeAction,
    /// Seconds between two.
    pub period: u32,
    /// Seconds for an answer.
    pub timeout: u32,
    /// Failures in a row until it is unhealthy.
    pub failures: u32,
    /// Successes in a row until it is healthy.
    pub successes: u32,
    /// Seconds before the first.
    pub initial_delay: u32,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProbeAction {
    /// An HTTP GET that must answer 200 to 399.
    Http {
        /// Port.
        port: u16,
        /// Path.
        path: String,
        /// Headers.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// A TCP connection.
    Tcp {
        /// Port.
        port: u16,
    },
    /// A command that must end with 0.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
}

/// How the shipper reaches the machine. What is not said here comes from the operator's `~/.ssh/config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ssh {
    /// Name or address that is dialled.
    pub host: String,
    /// Login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Host that the connection goes through (ProxyJump).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}
