//! Who declares a name, and who uses it. What a value has to do with names is told by the table of the language.

mod index;
mod mention;

pub use index::{Key, Names, Spot};
pub use mention::{Mention, Part, inner, mentions};
