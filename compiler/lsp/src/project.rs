//! Which files make a spec, as they are on the disk and in the editor.

mod analyst;
mod desk;
mod home;
mod shelf;
mod spec;

pub use analyst::{Analyst, Checked};
pub use desk::Desk;
pub use home::{Home, SPECS, home, manifests};
pub use shelf::{File, Shelf};
pub use spec::Project;
