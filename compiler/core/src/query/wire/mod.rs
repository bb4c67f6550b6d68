//! What a data plane makes of a snapshot, for one request: the choices of `mesh-proxy` and of Envoy as pure functions
//! over [`mesh_wire`], each with the reason why the other choices were not made.

pub mod endpoint;
pub mod listener;
pub mod name;
pub mod policy;
pub mod request;
pub mod route;
mod text;

pub use request::Request;
