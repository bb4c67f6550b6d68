//! What is different, for people and for programs.

mod human;

use serde::Serialize;

use super::Difference;

pub use human::human;

/// The newest shape of [`json`]. Fields may be added to it, never changed or taken away.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    same: bool,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// One JSON document, and a line's end.
pub fn json(difference: &Difference) -> String {
    let document = Document {
        format: FORMAT,
        same: difference.is_empty(),
        difference,
    };
    // Strings, numbers and what was JSON before: it cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
