//! Holds the fields of objects against those of their kinds. What the kinds are is written in two tables of our own
//! format, `istio.txt` and `kubernetes.txt`; kinds that are in none of them pass untouched.

mod admission;
mod deprecated;
mod kind;
mod limit;
mod nearby;
mod table;
mod unknown;
mod value;
mod walk;
mod webhook;

pub use limit::Limit;
pub use table::{Field, Fields, KindOf, Shape, Table, Type, table};
pub use webhook::Asked;

use super::Object;
use crate::diag::Sink;

/// What objects are held against, beside the tables.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The text that the object lies in.
    pub text: &'a str,
    /// The minor release of Istio 1 that it is for; the newest where nothing is said.
    pub istio: Option<u32>,
}

/// Says what of `object` Kubernetes and Istio do not take, and what they take no longer.
pub fn check(object: &Object, target: Target<'_>, sink: &mut Sink) {
    if let Some(kind) = kind::of(object, target, sink) {
        walk::check(object, kind, target, sink);
    }
}
