//! TLS for a proxy. rustls shakes hands, and keeps what later keys are derived from; the records behind the handshake are
//! sealed and opened here.
//!
//! rustls copies what it opens into memory of its own and from there to where it is wanted, and what it seals the same way:
//! two allocations and two copies a message, a quarter of what a proxy of small messages does outside the kernel. Here
//! records are opened where the application reads, and sealed into one buffer a thread, from which they are sent. A
//! connection between two messages has no buffer at all.
//!
//! [`accept`] and [`connect`] shake hands, and [`Stream`] is what comes of it: TLS 1.2 and 1.3 with AES-GCM and ChaCha20,
//! changes of keys asked for and due, tickets, alerts. The ciphers are those of aws-lc, as rustls has them. Tests hold it
//! against rustls and OpenSSL at the other end, and against peers that break the rules.

#![forbid(unsafe_code)]

mod handshake;
mod incoming;
mod key;
mod outgoing;
mod record;
mod session;
mod stream;

pub use handshake::{Secured, accept, connect};
pub use stream::Stream;
