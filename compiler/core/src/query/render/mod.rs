//! Answers as text, JSON and pictures, one form a file.

mod canvas;
mod graph;
mod graph_svg;
mod json;
mod junit;
mod svg;
mod text;
mod verdicts;

pub use graph::{dot, graph_json, mermaid};
pub use graph_svg::graph_svg;
pub use json::json;
pub use junit::junit;
pub use svg::svg;
pub use text::text;
pub use verdicts::{verdicts, verdicts_json};

use super::place::parts_of;
use super::trace::percent;
use super::{Branch, Outcome, Trace};
use crate::diag::{Sources, Span};

/// `spec.kdl:36`.
fn place(sources: &Sources, span: Option<Span>) -> Option<String> {
    let span = span?;
    sources.get(span.file)?;
    let (path, place) = sources.place(span);
    Some(format!("{path}:{}", place.line))
}

/// What stands above a branch: its share, its version, and whom it leads to.
fn heading(branch: &Branch) -> String {
    let share = percent(branch.share, 1_000_000);
    let cluster = branch
        .hops
        .iter()
        .find_map(|hop| hop.facts.get("cluster")?.as_str());
    let subset = cluster
        .and_then(parts_of)
        .map(|(_, subset, _)| subset)
        .filter(|subset| !subset.is_empty());
    match subset {
        Some(subset) => format!("{share}% to {subset}, {}", branch.to),
        None => format!("{share}% to {}", branch.to),
    }
}

/// How a call ends, as a sentence without a full stop.
pub fn ending(trace: &Trace) -> String {
    let mut to: Vec<_> = trace.branches.iter().map(|branch| branch.to.as_str()).collect();
    to.sort_unstable();
    to.dedup();
    match trace.outcome() {
        Outcome::Delivered if to.is_empty() => "delivered".to_owned(),
        Outcome::Delivered => format!("delivered to {}", to.join(" and to ")),
        Outcome::Asked => {
            let of: Vec<_> = trace.asked().into_iter().collect();
            format!(
                "asked of {}; if it agrees, delivered to {}",
                of.join(" and "),
                to.join(" and to ")
            )
        }
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
