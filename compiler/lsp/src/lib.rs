//! What editors ask about specs, answered by the compiler of meshc.
//!
//! # Rooms
//! 1. [`text`]: documents as editors hold them, with places in the units that they count in.
//! 2. [`tree`]: what can be seen of a text, right or wrong.
//! 3. [`names`]: who declares a name and who uses it.
//! 4. [`project`]: the files of a spec, from the [`Desk`](project::Desk) of open documents and from the disk.
//! 5. [`features`]: one file for each thing that an editor asks.
//! 6. [`server`]: the Language Server Protocol around them.
//!
//! Nothing but the server knows of the protocol, and nothing at all touches the disk: the files come through a
//! [`World`](mesh_compiler::World).

pub mod features;
pub mod names;
pub mod project;
pub mod server;
pub mod text;
pub mod tree;
