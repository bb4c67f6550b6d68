//! Ships bundles to VMs over SSH, and takes them away again.
//!
//! [`out::load`] reads what the compiler wrote: a [`Target`](out::Target) for every VM. [`fleet::run`] takes all of
//! them through the same steps, in parallel threads and in [batches](fleet::Options::batch).
//!
//! # Steps
//! 1. [`Login`](host::Login) opens a [`Host`](host::Host): over [SSH](host::ssh), or [this machine](host::local).
//! 2. [`facts`] asks the machine everything in one command.
//! 3. [`plan`] compares bundle and facts; it is a pure function, and its [`Plan`](plan::Plan) can be shown.
//! 4. [`transfer`] sends what the machine's content-addressed store lacks, as one stream, and stages the release.
//! 5. [`switch`] lets meshd put it in force, and confirms it through a second login: without that the machine goes
//!    back by itself.
//!
//! The machine holds the truth, the operator's computer keeps no state. What goes wrong becomes a
//! [`Failure`](failure::Failure): what, why, and what to do about it; the other machines go on.
//!
//! [`remove`] takes a machine out of the mesh. [`ca`] is an offline certificate authority for those who have no istiod.

pub mod ca;
pub mod deploy;
pub mod diff;
pub mod facts;
pub mod failure;
pub mod fleet;
pub mod host;
pub mod layout;
pub mod out;
pub mod plan;
pub mod progress;
pub mod release;
pub mod remove;
pub mod runtime;
pub mod select;
pub mod shell;
pub mod ssh_config;
pub mod switch;
pub mod transfer;
