//! What the compiler tells the user: [`Diagnostic`]s with codes, places in [`Sources`], and their
//! [renderers](render).

pub mod code;
pub mod render;

mod diagnostic;
mod edit;
mod fix;
mod language;
mod sources;
mod span;
mod suggest;

pub use code::Code;
pub use diagnostic::{Diagnostic, Label, Severity, Sink, count};
pub use edit::{Edit, apply};
pub use fix::{Applicability, Fix};
pub use language::Language;
pub use sources::{Place, Source, Sources};
pub use span::{FileId, Span, Spanned};
pub use suggest::{certainly, did_you_mean, list, word_meant};
