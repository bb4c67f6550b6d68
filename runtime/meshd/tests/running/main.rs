//! The real program, with real rules, in a network namespace of its own.
//!
//! What the machine talks with lives in a second one; nothing leads out of the two.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a test: a failure shall end it"
)]

mod arrivals;
mod clients;
mod handover;
#[path = "../namespace/mod.rs"]
mod namespace;
mod servers;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The right to run, one after the other: each has clients that ask without pause. `None` where something is missing.
fn alone() -> Option<MutexGuard<'static, ()>> {
    static ALONE: Mutex<()> = Mutex::new(());
    let there = namespace::needs(&["ip", "nft", "iptables-restore", "ip6tables-restore", "setpriv"]);
    // What another test broke is told by that one.
    there.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}
