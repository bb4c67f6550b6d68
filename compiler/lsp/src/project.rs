//! Which files make a spec, as they are on the disk and in the editor.

mod analyst;
mod desk;
mod home;
mod shelf;

pub use analyst::{Analyst, Checked};
pub use desk::Desk;
pub use home::{Home, home};
pub use shelf::{File, Shelf};
