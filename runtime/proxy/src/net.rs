//! Bytes on the wire: streams, and looking at their beginning.

mod carry;
mod introduced;
pub(crate) mod rewind;
pub(crate) mod sniff;
pub(crate) mod stream;

pub(crate) use carry::{Counters, carry};
pub(crate) use rewind::Rewind;
pub(crate) use stream::Stream;
