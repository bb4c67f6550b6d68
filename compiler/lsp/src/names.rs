//! Who declares a name, and who uses it. What a value has to do with names is told by the table of the language.

mod index;
mod inventory;
mod mention;

pub use index::{Key, Names, Spot};
pub use inventory::Inventory;
pub use mention::{Mention, Part, Said, inner, said};
