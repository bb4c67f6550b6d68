//! Texts as editors hold them: lines, columns in the units that the editor counts in, and edits.

mod document;
mod lines;

pub use document::{Document, Edit};
pub use lines::{Encoding, Lines, Position, Range};

#[cfg(test)]
mod tests;
