//! Diagnostics as text, one form a file.

mod github;
mod human;
mod json;
mod path;
mod sarif;
mod short;

pub use github::github;
pub use human::{Style, human};
pub use json::json;
pub use sarif::sarif;
pub use short::short;

use super::{Code, Severity};

/// What shows the page of a code.
fn docs(code: &Code) -> String {
    format!("meshc explain {}", code.id)
}

/// The word for it.
pub const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
