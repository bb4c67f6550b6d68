//! Tree to text, in each language. What is printed is read as the same tree again.

mod flow;
mod json;
mod kdl;
mod word;
mod yaml;

pub use flow::flow;
pub use json::json;
pub use kdl::{kdl, kdl_with};
pub use word::word;
pub use yaml::{yaml, yaml_with};
