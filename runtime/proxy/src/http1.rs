//! HTTP/1.1 as a proxy speaks it, to clients and to servers: a connection is no task of its own to servers, where the request
//! that uses it drives it, and one to clients, which answers their requests one after the other.
//!
//! What is read is checked as strictly as servers do it (RFC 9112): a message whose end two readers could see at two places
//! is an error, and its connection carries nothing more.

mod client;
mod decode;
mod encode;
mod fields;
mod input;
mod looked;
mod output;
#[cfg(any(test, fuzzing))]
mod pieces;
mod request;
mod response;
mod server;
mod wire;

pub(crate) use client::Connection;
pub(crate) use request::Refusal;
pub(crate) use server::{Asked, Tunnel, serve};
pub(crate) use wire::{Asking, Received};

/// More headers than this are not taken.
const MOST_HEADERS: usize = 100;

/// Why a connection carries nothing more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("it was closed in the middle of a message")]
    Closed,
    #[error("what came is no HTTP/1: {0}")]
    Bad(&'static str),
    #[error("the body: {0}")]
    Body(Box<crate::body::BodyError>),
    #[error("the body is not as long as it was said to be")]
    Length,
}

/// Reads any bytes as requests and as an answer, at once and in pieces.
#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let Some((size, read)) = read.split_first() else {
        return;
    };
    let size = usize::from(*size);
    assert_eq!(pieces::requests(read, size), pieces::requests(read, read.len()));
    assert_eq!(pieces::answer(read, size), pieces::answer(read, read.len()));
}
