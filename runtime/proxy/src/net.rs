//! Bytes on the wire: streams, and looking at their beginning.

mod carry;
mod introduced;
mod opening;
pub(crate) mod rewind;
pub(crate) mod sniff;
pub(crate) mod stream;

pub(crate) use carry::{Counters, carry};
pub(crate) use opening::Opening;
pub(crate) use rewind::Rewind;
pub(crate) use stream::Stream;
