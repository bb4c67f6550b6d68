//! Writes the [`Mesh`](crate::model::Mesh) down: manifests for Kubernetes and Istio, and for every VM what its
//! [data plane](mesh_wire::Snapshot) knows, [captures](capture) and [resolves](names).
//!
//! # Steps
//! [`emit`] lays everything out as it will stand below `out/`:
//! 1. [`kubernetes`] and [`istio`]: objects, one folder a cluster.
//! 2. [`snapshot`], [`names`], [`capture`]: what the VMs of a group share, one folder a group.
//! 3. [`vm`]: what is a VM's own, and its bundle.
//! 4. `build.json`: the digest of every file.
//!
//! Nothing here depends on the machine, on order of evaluation or on time: equal meshes give equal bytes.

pub mod capture;
pub mod istio;
pub mod kubernetes;
pub mod names;
pub mod snapshot;
pub mod vm;

pub(crate) mod access;
mod build_record;
mod document;
mod layout;
mod output;
mod watch;
mod yaml;

pub use build_record::{BuildRecord, RecordedFile};
pub use output::{Credentials, File, Mode, Options, Output, emit};
