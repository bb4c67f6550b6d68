//! What `cargo xtask bench proxy` starts, beside the peers.
//!
//! `mesh-hop` is one hop of the data plane, as [`meshd`] serves it but without capture rules: where a connection was going
//! is said on its command line. `mesh-load` is everything else: the workloads' certificates, the server behind, and
//! the client before.
//!
//! [`meshd`]: https://docs.rs/meshd

/// Who calls.
pub const CLIENT: &str = "spiffe://cluster.local/ns/forum/sa/webapp";
/// Who is called.
pub const SERVER: &str = "spiffe://cluster.local/ns/forum/sa/forum";
/// The host that requests are for.
pub const HOST: &str = "forum.forum.svc.cluster.local";

/// What a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Bytes that nobody looks into.
    Tcp,
    /// Requests of HTTP/1.1.
    Http1,
    /// Requests of HTTP/2.
    Http2,
}
