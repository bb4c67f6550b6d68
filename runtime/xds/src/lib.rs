//! What istiod sends over xDS, as a [`Snapshot`](mesh_wire::Snapshot).
//!
//! Pure: bytes in, values out; who asks istiod and when is the daemon's affair. A [`Response`] is read from the bytes of
//! Envoy's `DiscoveryResponse`, and [`translate`] makes one [`Translation`] of those of all types.
//!
//! # Steps
//! 1. Bytes become a [`Message`]: every field that was sent, by the names of the `.proto` files; what the tables in
//!    `schema/` do not know is kept by its number.
//! 2. Translators take fields out of messages. A field that nobody took is told in [`Translation::unsupported`], so that
//!    nothing is dropped in silence, whatever a later istiod sends.
//! 3. What was said by a listener and belongs to a cluster is put there, and clusters that routes lead to and nobody
//!    described are made, as Envoy has them: nobody is behind them.

#![forbid(unsafe_code)]

mod authorizer;
mod cluster;
mod decode;
mod endpoint;
mod json;
mod jwt;
mod listener;
mod matcher;
mod names;
mod policy;
mod reader;
mod report;
mod response;
mod route;
mod schema;
mod translate;
mod value;

pub use decode::{DecodeError, decode};
pub use json::from_json;
pub use report::Unsupported;
pub use response::Response;
pub use translate::{Translation, translate};
pub use value::{Content, Message, Value};
