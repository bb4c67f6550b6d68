//! HTTP/1.1 as a proxy speaks it to servers: a connection is no task of its own, the request that uses it drives it.
//!
//! What is read is checked as strictly as servers do it (RFC 9112): a message whose end two readers could see at two places
//! is an error, and its connection carries nothing more.

mod client;
mod decode;
mod encode;
mod head;
mod input;

pub(crate) use client::Connection;

/// More of an answer's head than this is not read. Envoy takes longer ones than of requests too.
const LONGEST_HEAD: usize = 400 * 1024;
/// More headers than this are not taken.
const MOST_HEADERS: usize = 100;

/// Why a connection carries nothing more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("it was closed before the answer was whole")]
    Closed,
    #[error("the answer is no HTTP/1: {0}")]
    Bad(&'static str),
    #[error("the request's body: {0}")]
    Body(Box<crate::body::BodyError>),
    #[error("the request's body is not as long as it was said to be")]
    Length,
}
