//! What explains the language to people and editors, made from the table: a [JSON Schema](json_schema) for YAML and
//! JSON, the [reference](markdown) of `docs/spec.md`, and its entries in [brief].

pub mod brief;

mod json_schema;
mod markdown;
mod said;
mod values;

pub use json_schema::json_schema;
pub use markdown::{markdown, usage};
