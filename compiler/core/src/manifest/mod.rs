//! Objects of Kubernetes and Istio as people write them: what they are and where ([`Object`]), whether their fields
//! are those of their kinds, and what is wrong between them.

pub mod fields;
pub mod rules;

mod object;

pub use object::{Object, read};
