//! A mesh on one Linux machine, without a route out: for the demo, for tests and for users' own CI.

pub mod envoy;
pub mod needs;
pub mod plan;
pub mod spec;

mod cgroup;
mod command;
mod dns;
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

pub use lab::{AttachError, ExecError, Lab, NodeStatus};
pub use places::Places;
pub use plan::LabPlan;
pub use up::{DownError, Event, Progress, UpError};
