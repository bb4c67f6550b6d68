//! Names of the mesh, answered on 15053.
//!
//! A [`Query`](query::Query) is read by hand from the packet; its [`Name`](name::Name) is looked up in the compiled
//! [`Names`]; an answer is written beside the question, without a library and without an allocation. What
//! the mesh does not know is [forwarded](forward) to the [`Resolvers`] of the machine, or to the servers that the
//! name's domain has of its own. Semantics are those of Istio's agent (`pkg/dns/client/dns.go`): A and AAAA of known
//! hosts are answered, everything else goes upstream.

mod answer;
mod forward;
mod lookup;
mod name;
mod query;
mod resolvers;
mod server;
mod stats;
mod tcp;
mod udp;

mod names;
mod random;

pub use names::Names;
pub use resolvers::{Machine, Resolvers};
pub use server::Dns;
pub use stats::Stats;
pub use tcp::serve_tcp;
pub use udp::serve_udp;

#[cfg(test)]
mod tests;
