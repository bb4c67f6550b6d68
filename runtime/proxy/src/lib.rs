//! The data plane: it carries what applications say into the mesh, and what the mesh says to them.
//!
//! [`Shared`] holds the [`Snapshot`](mesh_wire::Snapshot) that is in force, compiled, and the
//! [`Identity`](tls::Identity) that the proxy shows; both are swapped while connections go on.
//! [`serve_outbound`] takes the connections that applications open, [`serve_inbound`] those that arrive for
//! them. A [`Drain`] ends both.
//!
//! # Steps
//! A connection passes, in this order:
//! 1. *accept*, and its original destination is asked from the kernel ([`Destinations`]);
//! 2. *listener*: the most specific one for that destination; where it must, the first bytes are looked at;
//! 3. *route*: HTTP by its table, TLS by its server name, bytes by their listener;
//! 4. *cluster*, *endpoint*: balanced, bounded, without those that failed;
//! 5. *transport*: mutual TLS of the mesh, TLS, or plain.
//!
//! Names of endpoints are looked up beside all this, by [`Lookup`], as often as their answers end.
//!
//! Inbound connections are authenticated and authorised between 2 and 3, requests by the tokens that they carry too,
//! whose keys [`fetch_keys`] brings where they lie elsewhere.
//!
//! Deliberately not here: reading files, talking to a control plane, and capture rules (all meshd's).

#![forbid(unsafe_code)]

mod accept;
mod body;
mod check;
mod client;
mod cluster;
mod collectors;
mod destination;
pub mod drain;
mod http;
mod http1;
mod inbound;
mod incoming;
mod interim;
mod keys;
mod lookup;
mod net;
mod outbound;
mod peer;
mod seldom;
mod shared;
mod state;
mod tcp;
pub mod telemetry;
pub mod tls;
mod trace;
mod workers;
mod written;

pub use accept::{serve_inbound, serve_outbound};
pub use collectors::tell_collectors;
pub use destination::Destinations;
pub use drain::{Drain, Drainer};
pub use keys::fetch_keys;
pub use lookup::Lookup;
pub use shared::{ClusterReport, EndpointReport, Refused, Report, Shared};
pub use state::{files, unsupported};
pub use workers::{WORKERS, Workers};

pub mod dns;

/// Ways in for the fuzz targets, to what no public item reaches.
#[cfg(fuzzing)]
pub mod fuzz {
    /// Answers a DNS packet from a small table.
    pub fn dns(packet: &[u8]) {
        crate::dns::fuzz(packet);
    }

    /// Asks a template of a policy about a path, and brings a path into its normal form.
    pub fn paths(read: &[u8]) {
        crate::state::policy::fuzz(read);
        crate::http::fuzz(read);
    }

    /// Reads messages of HTTP/1, at once and in pieces.
    pub fn http1(read: &[u8]) {
        crate::http1::fuzz(read);
    }

    /// Reads a token, and a key set.
    pub fn token(read: &[u8]) {
        crate::state::jwt::fuzz(read);
    }

    /// Reads what a request says of its trace.
    pub fn trace(read: &[u8]) {
        crate::trace::fuzz(read);
    }

    /// Reads what a peer says of itself, in a header and before its first bytes.
    pub fn peer(read: &[u8]) {
        crate::peer::fuzz(read);
    }

    /// Looks at the first bytes of a connection.
    pub fn sniff(read: &[u8]) {
        let _ = crate::net::sniff::http(read, false);
        let _ = crate::net::sniff::tls(read, true);
    }
}
