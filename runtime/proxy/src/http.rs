//! Requests: understood, authorised, routed, tried, and answered.

mod answers;
mod authorize;
mod bound;
mod connection;
mod cors;
mod edit;
mod exchange;
mod failure;
mod finish;
mod forward;
mod hash;
mod headers;
mod mirror;
mod pass;
mod path;
mod refuse;
mod reply;
mod routed;
pub(crate) mod scope;
mod seen;
mod span;
mod target;
mod token;

#[cfg(fuzzing)]
pub(crate) use path::fuzz;

pub(crate) use connection::{Codec, HttpConnection, Side};
