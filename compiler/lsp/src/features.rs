//! What an editor asks, one file for each. Places are bytes; which file is meant is said beside.

mod complete;
mod cursor;
mod definition;
mod fixes;
mod folding;
mod format;
mod hover;
pub mod objects;
mod references;
mod rename;
mod symbols;

pub use complete::{Completion, Insert, Offer, complete};
pub use cursor::{Cursor, Place, Step};
pub use definition::{Target, definition};
pub use fixes::{Remedy, fixes};
pub use folding::folding;
pub(crate) use format::difference;
pub use format::format;
pub use hover::{Hover, hover, with_pages};
pub use references::references;
pub use rename::{Replacement, renamable, rename};
pub use symbols::{Symbol, outline, search};

#[cfg(test)]
pub(crate) mod tests;
