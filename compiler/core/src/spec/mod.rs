//! The language: what may be written where.
//!
//! [`schema`] is the one source: a table of every node with its values, properties and children, their
//! [types](Ty) and what they mean. [`check`] holds a tree against it and gives [`Item`]s, whose values are typed;
//! [`decl`] reads those as declarations. Trees come from [`parse`], whatever language the text is in; [`data`] turns
//! one into a mapping, for YAML and JSON.

pub mod decl;
pub mod reference;
pub mod schema;

mod check;
mod defaults;
mod files;
mod foreign;
mod http;
mod include;
mod inventory;
mod item;
mod join;
mod kind;
mod metric;
mod param;
mod parse;
mod raw;
mod shape;
mod speech;
mod text;
mod ty;

pub use check::check;
pub(crate) use check::check_tests;
pub use files::{beside, find};
pub use inventory::{Listed, listed};
pub use item::{FromTyped, Item, Typed};
pub use param::{BEFORE as WITHOUT_PARAMS, Settings, params_in};
pub use parse::parse;
pub use shape::{data, nodes};
pub use ty::Ty;

pub(crate) use defaults::fill as fill_defaults;
pub(crate) use include::{Loaded, load};
pub(crate) use inventory::fill as read_inventories;
pub(crate) use join::namespaces as join_namespaces;
pub(crate) use kind::{of as kind_of_file, told as no_spec};
pub(crate) use metric::{istio_metric, metric_word};
pub(crate) use param::{Params, apply as put_params, places as param_places};
pub(crate) use raw::read as read_raw;
pub(crate) use speech::say;
pub(crate) use ty::seconds;
