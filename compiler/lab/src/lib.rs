//! A mesh on one Linux machine: for the demo, for tests and for users' own CI.
//!
//! A [`Lab`] is one network namespace without any route out. In it, each VM of a spec is a really booted machine
//! (systemd-nspawn with systemd, sshd and systemd-resolved), and the cluster's side is real [Envoy](envoy) as
//! sidecars and as an east-west gateway before small applications. Nothing of it touches the machine's own
//! routes, rules or resolver, and no packet can leave.
//!
//! # Steps
//! 1. [`spec::parse`] reads `lab.kdl`, which says what runs on machines and pods.
//! 2. A [`LabPlan`] is everything that is to be there; [`envoy::sidecar`] and [`envoy::gateway`] write the
//!    bootstraps that are part of it.
//! 3. [`Lab::up`] makes it: one shared Debian tree, an overlay for each node, bridges and namespaces, two DNS
//!    servers; it returns once every machine answers SSH and every pod its port.
//! 4. [`Lab::exec`] and [`Lab::command`] run programs in a node or in the operator's seat, [`Lab::status`] tells
//!    how all are.
//! 5. [`Lab::down`] ends every process by the lab's control group and removes mounts, namespaces and folders.

pub mod envoy;
pub mod needs;
pub mod plan;
pub mod spec;

mod cgroup;
mod command;
mod dns;
mod down;
mod files;
mod lab;
mod limits;
mod machine;
mod mount;
mod network;
mod places;
mod pod;
mod process;
mod ready;
mod record;
mod rootfs;
mod ssh;
mod up;

pub use down::DownError;
pub use lab::{AttachError, ExecError, Lab, NodeStatus};
pub use places::Places;
pub use plan::LabPlan;
pub use up::{Event, Progress, UpError};
