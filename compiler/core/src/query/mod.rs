//! Questions to a compiled mesh.
//!
//! [`trace`] follows one call through what the mesh is written down as: the names, capture rules and
//! [`Snapshot`](mesh_wire::Snapshot) of the caller, and the snapshot of the workload that is called. Nothing is
//! interpreted a second time from the spec; the spec only says which of its lines each part came from.
//!
//! What a data plane makes of a snapshot is told by [`wire`], which the proxy's own tests hold against what it does.

mod caller;
pub mod expect;
pub mod graph;
mod packet;
mod place;
pub mod render;
mod target;
pub mod trace;
pub mod wire;

pub use caller::Caller;
pub use expect::{Verdict, judge, read_tests};
pub use graph::Graph;
pub use target::{Scheme, Target};
pub use trace::{Asker, Branch, Fault, Hop, Outcome, Question, Step, Trace, Unasked};
pub use wire::Request;
