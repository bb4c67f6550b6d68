//! What meshd says over HTTP: health on 15021, metrics on 15090, everything on 15000 of the loopback.

mod chosen;
mod clusters;
mod config;
mod http;
mod pages;
mod server;

pub(crate) use http::serve;
pub(crate) use pages::{Admin, health, metrics};
