//! The Language Server Protocol around the features. One thread listens and never waits for anything; one answers
//! requests, and one tells what the compiler finds. What they look at is a state of the [`Desk`](crate::project::Desk)
//! that does not change, so that they need no locks.

mod answer;
mod capabilities;
mod convert;
mod listen;
mod publish;
mod reply;
mod session;
mod talk;
mod unanswered;
mod uri;

pub use listen::{Stopped, run, serve};
pub use session::{Pages, Setup};
pub use talk::Ended;

/// The URI of the file at the absolute `path`.
pub fn uri_of(path: &str) -> Option<String> {
    uri::uri(path).map(|uri| uri.as_str().to_owned())
}
