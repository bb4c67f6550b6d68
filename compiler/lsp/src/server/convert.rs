//! Between the protocol's types and ours.

use std::sync::Arc;

use lsp_types::{
    self as lsp, CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    NumberOrString,
};
use mesh_compiler::diag::{Diagnostic, Severity, Source, Sources, Span, code};

use super::session::Session;
use super::uri;
use crate::project::File;
use crate::text::{Encoding, Lines, Position, Range};

pub(super) fn position_of(position: lsp::Position) -> Position {
    Position {
        line: position.line,
        column: position.character,
    }
}

pub(super) fn range_of(range: lsp::Range) -> Range {
    Range {
        start: position_of(range.start),
        end: position_of(range.end),
    }
}

pub(super) const fn position(place: Position) -> lsp::Position {
    lsp::Position {
        line: place.line,
        character: place.column,
    }
}

pub(super) const fn range(range: Range) -> lsp::Range {
    lsp::Range {
        start: position(range.start),
        end: position(range.end),
    }
}

/// Bytes of `file`, as the editor counts.
pub(super) fn within(file: &File, bytes: crate::tree::Range, encoding: Encoding) -> lsp::Range {
    range(file.lines.range(&file.text, bytes.start, bytes.end, encoding))
}

/// The files that diagnostics lie in, with their lines.
pub(super) struct Places<'a> {
    sources: &'a Sources,
    lines: std::cell::RefCell<std::collections::BTreeMap<u32, Arc<Lines>>>,
    encoding: Encoding,
}

impl<'a> Places<'a> {
    pub(super) fn new(sources: &'a Sources, encoding: Encoding) -> Self {
        Self {
            sources,
            lines: std::cell::RefCell::default(),
            encoding,
        }
    }

    pub(super) fn source(&self, span: Span) -> Option<&'a Source> {
        self.sources.get(span.file)
    }

    pub(super) fn range(&self, span: Span) -> lsp::Range {
        let Some(source) = self.source(span) else {
            return lsp::Range::default();
        };
        let mut known = self.lines.borrow_mut();
        let lines = known
            .entry(span.file.0)
            .or_insert_with(|| Arc::new(Lines::of(&source.text)));
        range(lines.range(&source.text, span.start, span.end, self.encoding))
    }
}

/// What the compiler found, for the file that it lies in.
pub(super) fn diagnostic(found: &Diagnostic, places: &Places<'_>, session: &Session) -> lsp::Diagnostic {
    let related = found.labels.iter().filter_map(|label| {
        let source = places.source(label.span)?;
        Some(DiagnosticRelatedInformation {
            location: lsp::Location {
                uri: uri::uri(&source.path)?,
                range: places.range(label.span),
            },
            message: label.text.clone(),
        })
    });
    let page = (session.pages)(found.code).and_then(|page| page.parse().ok());
    lsp::Diagnostic {
        range: places.range(found.primary.span),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(found.code.id.to_owned())),
        code_description: page.map(|href| CodeDescription { href }),
        source: Some("meshc".to_owned()),
        message: message(found),
        related_information: Some(related.collect()),
        tags: tag(found).map(|tag| vec![tag]),
        data: None,
    }
}

/// Everything that the terminal shows beside the text.
fn message(found: &Diagnostic) -> String {
    let mut text = found.message.clone();
    if !found.primary.text.is_empty() {
        text.push_str(": ");
        text.push_str(&found.primary.text);
    }
    for (name, part) in [("help", &found.help), ("note", &found.note)] {
        if let Some(part) = part {
            text.push_str(&format!("\n{name}: {part}"));
        }
    }
    text
}

/// Editors show what does nothing in grey, and what is out of date struck through.
fn tag(found: &Diagnostic) -> Option<DiagnosticTag> {
    let idle = [
        &code::PARAMETER_UNUSED,
        &code::ROUTE_UNREACHABLE,
        &code::EXCLUDE_INEFFECTIVE,
        &code::SHARE_ZERO,
    ];
    if idle.contains(&found.code) {
        return Some(DiagnosticTag::UNNECESSARY);
    }
    found
        .code
        .slug
        .contains("deprecated")
        .then_some(DiagnosticTag::DEPRECATED)
}
