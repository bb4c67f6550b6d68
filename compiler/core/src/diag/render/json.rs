use serde::Serialize;

use super::word;
use crate::diag::{Applicability, Diagnostic, Edit, Fix, Label, Severity, Sources, Span, count};

/// The newest shape of [`json`]. Fields may be added to it, never changed or taken away.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    slug: &'a str,
    severity: &'a str,
    message: &'a str,
    place: Place<'a>,
    label: Option<&'a str>,
    labels: Vec<Other<'a>>,
    help: Option<&'a str>,
    note: Option<&'a str>,
    /// What puts it right by itself.
    fixes: Vec<Repair<'a>>,
    /// The command that shows the page of its code.
    docs: String,
}

/// `certain`: `meshc check --fix` does it.
#[derive(Serialize)]
struct Repair<'a> {
    title: &'a str,
    certain: bool,
    edits: Vec<Replaced<'a>>,
}

#[derive(Serialize)]
struct Replaced<'a> {
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Other<'a> {
    place: Place<'a>,
    text: &'a str,
}

/// Lines and columns count from 1, columns in characters; `start..end` are bytes of the file.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: usize,
    end: usize,
}

/// One JSON document with all of them, and a line's end.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let document = Document {
        format: FORMAT,
        errors: count(diagnostics, Severity::Error),
        warnings: count(diagnostics, Severity::Warning),
        diagnostics: diagnostics
            .iter()
            .map(|diagnostic| entry(diagnostic, sources))
            .collect(),
    };
    // Strings and numbers only: it cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn entry<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Entry<'a> {
    Entry {
        code: diagnostic.code.id,
        slug: diagnostic.code.slug,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        place: place(diagnostic.primary.span, sources),
        label: Some(diagnostic.primary.text.as_str()).filter(|text| !text.is_empty()),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| other(label, sources))
            .collect(),
        help: diagnostic.help.as_deref(),
        note: diagnostic.note.as_deref(),
        fixes: diagnostic.fixes.iter().map(|fix| repair(fix, sources)).collect(),
        docs: super::docs(diagnostic.code),
    }
}

fn repair<'a>(fix: &'a Fix, sources: &'a Sources) -> Repair<'a> {
    let replaced = |edit: &'a Edit| Replaced {
        place: place(edit.span, sources),
        text: &edit.text,
    };
    Repair {
        title: &fix.title,
        certain: fix.applicability == Applicability::Certain,
        edits: fix.edits.iter().map(replaced).collect(),
    }
}

fn other<'a>(label: &'a Label, sources: &'a Sources) -> Other<'a> {
    Other {
        place: place(label.span, sources),
        text: &label.text,
    }
}

fn place(span: Span, sources: &Sources) -> Place<'_> {
    let (file, start) = sources.place(span);
    let (_, end) = sources.place(Span {
        start: span.end,
        ..span
    });
    Place {
        file,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start: span.start,
        end: span.end,
    }
}
