//! What an editor asks, one file for each. Places are bytes; which file is meant is said beside.

mod cursor;
mod hover;

pub use cursor::{Cursor, Place, Step};
pub use hover::{Hover, hover};
