use std::fmt::Write;

use serde_json::{Value, json};

use super::{json, place, text};
use crate::diag::Sources;
use crate::diag::render::{Style, human};
use crate::query::Verdict;

/// A line for each expectation; below one that is not met, its place, the places that decide, and the call.
pub fn verdicts(verdicts: &[Verdict], sources: &Sources, style: Style) -> String {
    let paint = |code: &str, text: &str| {
        if style.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let mut out = String::new();
    for verdict in verdicts {
        let word = if verdict.passed() {
            paint("32;1", "ok  ")
        } else {
            paint("31;1", "FAIL")
        };
        let place = place(sources, Some(verdict.expectation.span)).unwrap_or_default();
        let _ = writeln!(
            out,
            "{word} {}{}  {}",
            verdict.name,
            asked(verdict),
            paint("2", &format!("({place})"))
        );
        let Some(failure) = &verdict.failure else {
            continue;
        };
        let _ = write!(out, "\n{}", human(std::slice::from_ref(failure), sources, style));
        if let Some(trace) = &verdict.trace {
            for line in text(trace, sources, style.color).lines() {
                let _ = writeln!(out, "{}", format!("    {line}").trim_end());
            }
            out.push('\n');
        }
    }
    out
}

/// Who decides beyond the mesh.
fn asked(verdict: &Verdict) -> String {
    let names: Vec<_> = verdict.asked().into_iter().collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", asked of {}", names.join(" and "))
    }
}

/// The newest shape of [`verdicts_json`]. Fields may be added to it, never changed or taken away.
const FORMAT: u32 = 1;

/// One document.
pub fn verdicts_json(verdicts: &[Verdict], sources: &Sources) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.passed()).count();
    let each = verdicts.iter().map(|verdict| {
        let (file, at) = sources.place(verdict.expectation.span);
        json!({
            "name": verdict.name,
            "expect": verdict.expectation.wanted.word(),
            "passed": verdict.passed(),
            "place": { "file": file, "line": at.line, "column": at.column },
            "asked": verdict.asked(),
            "message": verdict.failure.as_ref().map(|failure| &failure.message),
            "help": verdict.failure.as_ref().and_then(|failure| failure.help.as_ref()),
            "trace": verdict.trace.as_ref().filter(|_| !verdict.passed()).map(|trace| json::document(trace, sources)),
        })
    });
    let each: Vec<Value> = each.collect();
    let document = json!({
        "format": FORMAT,
        "passed": verdicts.len() - failed,
        "failed": failed,
        "expectations": each,
    });
    format!("{document:#}\n")
}
