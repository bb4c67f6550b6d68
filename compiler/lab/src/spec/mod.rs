//! `lab.kdl`, the file beside a spec that says what runs in the lab: the users' own applications, which are no
//! part of the mesh's spec.
//!
//! ```kdl
//! lab {
//!     packages mariadb-server                       // Debian packages, on top of the lab's own
//!     outside www.example.org address="198.51.100.80" ttl=300
//!     vm forum-db {                                 // every VM of the service `forum-db`
//!         file "/etc/mysql/lab.cnf" from="lab/mariadb.cnf"
//!         enable mariadb.service                    // starts at boot
//!         run "mariadb < /opt/seed.sql"             // once, after the first boot
//!     }
//!     pod webapp service=webapp address="10.244.1.10" {
//!         file "/app/webapp.py" from="lab/webapp.py"
//!         command python3 "/app/webapp.py"
//!         ready 8080                                // answers there once it is up
//!     }
//!     pod intruder account=intruder address="10.244.1.20"
//!     pod outsider sidecar=#false address="10.244.1.30"
//! }
//! ```

mod node;
mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::plan::{LabFile, OutsideName, Setup};

pub use node::Problem;
pub use parse::parse;

/// What `lab.kdl` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabSpec {
    /// Debian packages, on top of the lab's own.
    pub packages: BTreeSet<String>,
    /// Names outside of the mesh.
    pub outside: BTreeMap<String, OutsideName>,
    /// By service: what is on its VMs.
    pub vms: BTreeMap<String, Setup>,
    /// By name.
    pub pods: BTreeMap<String, PodSpec>,
}

/// A pod of the lab.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSpec {
    /// The service that it belongs to; without one it only calls.
    pub service: Option<String>,
    /// Its service account; that of its service where it is not said.
    pub account: Option<String>,
    /// Its namespace; that of the mesh where there is only one.
    pub namespace: Option<String>,
    /// Its address on the pods' network.
    pub address: Ipv4Addr,
    /// Envoy stands beside it.
    pub sidecar: bool,
    /// Files.
    pub files: Vec<LabFile>,
    /// The application; empty runs none.
    pub command: Vec<String>,
    /// The port on which it answers once it is up.
    pub ready: Option<u16>,
}

/// What is wrong in a `lab.kdl`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct LabSpecError {
    /// All of it, in the order of the file.
    pub problems: Vec<Problem>,
}
