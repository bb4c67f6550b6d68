//! What meshd says over HTTP: health on 15021, metrics on 15090, everything on 15000 of the loopback.

mod http;
mod pages;

pub(crate) use http::serve;
pub(crate) use pages::{admin, health, metrics};
