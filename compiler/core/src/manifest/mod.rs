//! Objects of Kubernetes and Istio as people write them: what they are and where ([`Object`]), whether their fields
//! are those of their kinds, and what is wrong between them.

pub mod fields;
pub mod rules;

mod lift;
mod meaning;
mod object;

pub use lift::{Lifted, Purpose, Unsaid, lift};
pub(crate) use meaning::{PROTOCOLS, full_host, has_meaning, is_of_tools, istio_protocol};
pub use object::{Object, read};
