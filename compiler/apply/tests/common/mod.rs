//! A real sshd on loopback, and a machine's worth of folders behind it.
#![allow(dead_code, reason = "every test program uses a part of this")]

pub mod machine;
pub mod sshd;

pub use machine::Machine;
pub use sshd::Sshd;
