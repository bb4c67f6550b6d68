//! The compiler through its public face. One program, since linking one for every file takes longer than all tests.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: they read the disk and may panic"
)]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod authorizers;
mod built;
mod bundles;
mod cloud_init;
mod clusters;
mod crds;
mod diff;
mod egress;
mod expect;
mod files;
mod fixes;
mod fleet;
mod host_files;
mod import;
mod istioctl;
mod language;
mod languages;
mod levels;
mod machines;
mod manifests;
mod model;
mod objects;
mod order;
mod parts;
mod prometheus;
mod reference;
mod reference_pages;
mod routes;
mod rules;
mod sarif;
mod snapshot;
mod telemetry;
mod trace;
mod traffic;
mod understood;
mod user_files;
mod visible;
