//! What the two halves of meshc say to each other.
//!
//! The compiler writes a [`Bundle`] for every VM; in it lies a [`Snapshot`], all that a data plane has to
//! know, in the words of Envoy and Istio: [listeners](listener), [routes](route), [clusters](cluster),
//! [policies](policy), [names](NameTable), [identity](Identity) and [telemetry](Telemetry). The runtime acts on
//! Snapshots and on nothing else, whether they come from the bundle, from istiod or from its own disk.
//! [`Status`] is what it answers when it is asked how it is.
//!
//! Every document carries its `format`; a reader refuses one that is newer than itself.

#![forbid(unsafe_code)]

pub mod authorizer;
pub mod bundle;
pub mod cel;
pub mod cluster;
pub mod format;
pub mod grpc;
pub mod jwt;
pub mod listener;
pub mod matcher;
pub mod nearness;
pub mod policy;
pub mod route;
pub mod schema;
pub mod snapshot;
pub mod status;
pub mod telemetry;

mod digest;
mod duration;
mod effects;

pub use bundle::Bundle;
pub use digest::Sha256;
pub use duration::Millis;
pub use effects::Effects;
pub use snapshot::{Identity, NameTable, Node, Snapshot, Telemetry};
pub use status::Status;
