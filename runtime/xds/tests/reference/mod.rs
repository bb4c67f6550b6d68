//! Facts, as `compiler/core/tests/suite/reference` has them: the same lines for what istiod sent and for snapshots.

#[path = "../../../../compiler/core/tests/suite/reference/compare.rs"]
pub(crate) mod compare;
#[path = "../../../../compiler/core/tests/suite/reference/envoy/mod.rs"]
pub(crate) mod envoy;
#[path = "../../../../compiler/core/tests/suite/reference/facts.rs"]
pub(crate) mod facts;
#[path = "../../../../compiler/core/tests/suite/reference/ours/mod.rs"]
pub(crate) mod ours;
