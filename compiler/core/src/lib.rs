//! The compiler of meshc. It is pure: text goes in through a [`World`], [diagnostics](diag) and
//! [outputs](emit::Output) come out as values.
//!
//! # Steps
//! 1. [`syntax`] turns text into a tree with spans.
//! 2. [`spec`] reads the tree as declarations: every node, property and value has its place and type.
//! 3. [`model`] resolves the declarations into one [`Mesh`](model::Mesh): names are looked up, defaults are in.
//! 4. [`rules`] look at the whole mesh, pods and VMs, for what cannot work.
//! 5. Templates of the user's own files are filled in from the mesh.
//! 6. [`emit`] writes the mesh down for Kubernetes and for every VM.
//!
//! [`manifest`] reads objects that are there already, and says them in the words of the language.
//! [`diff`] compares what comes out with what came out of another spec.
//! [`query`] asks what is written down: where a call goes, who may, and what the spec expects of it.
//!
//! Every step collects what it finds and goes on, so that one run shows all mistakes.

pub mod diag;
pub mod diff;
pub mod emit;
pub mod host_files;
pub mod manifest;
pub mod model;
pub mod parallel;
pub mod query;
pub mod rules;
pub mod spec;
pub mod syntax;

mod base64;
mod compile;
mod existing;
mod fixing;
mod format;
mod handwritten;
mod import;
mod levels;
mod read;
mod template;
mod world;

pub use compile::{Compiled, compile, compile_with};
pub use existing::{Checked, ObjectOptions, check_objects, holds_objects};
pub use fixing::{Done, Fixed, Found, Rewritten, fix};
pub use format::{Unformatted, format};
pub use import::{Imported, Left, import, picture};
pub use levels::Allowed;
pub use read::{Read, read};
pub use spec::Settings;
pub use world::{Entry, World};
