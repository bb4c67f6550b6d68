use serde_json::{Value, json};

use super::ending;
use crate::diag::{Sources, Span};
use crate::query::{Fault, Hop, Outcome, Trace};

/// The newest shape of [`json`]. Fields may be added to it, never changed or taken away.
const FORMAT: u32 = 1;

/// One document.
pub fn json(trace: &Trace, sources: &Sources) -> String {
    format!("{:#}\n", document(trace, sources))
}

/// The same as a value.
pub(super) fn document(trace: &Trace, sources: &Sources) -> Value {
    let hops = |hops: &[Hop]| -> Vec<Value> { hops.iter().map(|hop| self::hop(hop, sources)).collect() };
    let branches = trace.branches.iter().map(|branch| {
        json!({
            "to": branch.to,
            "share": branch.share,
            "outcome": branch.end.word(),
            "status": status(branch.end),
            "hops": hops(&branch.hops),
        })
    });
    json!({
        "format": FORMAT,
        "from": trace.from,
        "to": trace.to,
        "outcome": trace.outcome().word(),
        "status": status(trace.outcome()),
        "ending": ending(trace),
        "fault": trace.fault().map(fault),
        "hops": hops(&trace.hops),
        "branches": branches.collect::<Vec<_>>(),
    })
}

fn status(end: Outcome) -> Option<u16> {
    match end {
        Outcome::Answered(status) => Some(status),
        _ => None,
    }
}

fn hop(hop: &Hop, sources: &Sources) -> Value {
    let notes = hop
        .notes
        .iter()
        .map(|note| json!({ "text": note.text, "place": place(note.place, sources) }));
    json!({
        "step": hop.step.word(),
        "says": hop.says,
        "place": place(hop.place, sources),
        "notes": notes.collect::<Vec<_>>(),
        "facts": hop.facts,
        "fault": hop.fault.as_ref().map(fault),
    })
}

fn fault(fault: &Fault) -> Value {
    json!({
        "code": fault.code.id,
        "slug": fault.code.slug,
        "message": fault.message,
        "help": fault.help,
    })
}

/// Lines and columns count from 1, columns in characters.
fn place(span: Option<Span>, sources: &Sources) -> Option<Value> {
    let span = span?;
    sources.get(span.file)?;
    let (file, place) = sources.place(span);
    Some(json!({ "file": file, "line": place.line, "column": place.column }))
}
