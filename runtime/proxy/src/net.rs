//! Bytes on the wire: streams, and looking at their beginning.

pub(crate) mod counted;
mod introduced;
pub(crate) mod rewind;
pub(crate) mod sniff;
pub(crate) mod stream;

pub(crate) use counted::{Counted, Counters};
pub(crate) use rewind::Rewind;
pub(crate) use stream::Stream;
