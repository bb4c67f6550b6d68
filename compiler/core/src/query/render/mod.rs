//! Answers as text, JSON and pictures, one form a file.

mod json;
mod junit;
mod text;
mod verdicts;

pub use json::json;
pub use junit::junit;
pub use text::text;
pub use verdicts::{verdicts, verdicts_json};

use super::{Outcome, Trace};
use crate::diag::{Sources, Span};

/// `spec.kdl:36`.
fn place(sources: &Sources, span: Option<Span>) -> Option<String> {
    let span = span?;
    sources.get(span.file)?;
    let (path, place) = sources.place(span);
    Some(format!("{path}:{}", place.line))
}

/// How a call ends, as a sentence without a full stop.
pub fn ending(trace: &Trace) -> String {
    let to: Vec<_> = trace.branches.iter().map(|branch| branch.to.as_str()).collect();
    match trace.outcome() {
        Outcome::Delivered if to.is_empty() => "delivered".to_owned(),
        Outcome::Delivered => format!("delivered to {}", to.join(" and to ")),
        Outcome::Outside => "it leaves the mesh".to_owned(),
        Outcome::Answered(status) => format!("answered with {status} by the caller's own proxy"),
        Outcome::Refused | Outcome::Broken => {
            let Some(fault) = trace.fault() else {
                return trace.outcome().word().to_owned();
            };
            let some = trace.branches.iter().any(|branch| branch.end.is_good());
            let part = if some { " in part" } else { "" };
            format!("{}{part}: {}", trace.outcome().word(), fault.message)
        }
    }
}
