use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::diag::{Diagnostic, Label, Severity, Source, Sources, Span};

/// How the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// It shows colours and box drawing; without, plain ASCII is written.
    pub color: bool,
    /// Its columns.
    pub width: usize,
}

/// With the lines that they are in, and what helps.
pub fn human(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::none()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .without_syntax_highlighting()
        .with_context_lines(1);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let report = Report {
            diagnostic,
            source: source(diagnostic.primary.span, sources),
        };
        // Writing into a string cannot fail; a place outside its file is shown without the file's lines.
        let mut others = elsewhere(diagnostic, sources);
        let shown = handler
            .render_report(&mut text, &report)
            .and_then(|()| others.try_for_each(|other| handler.render_report(&mut text, &other)));
        let hidden = |source: &&Source| is_too_long(diagnostic.primary.span, source);
        if shown.is_err() {
            text.push_str(&super::short(std::slice::from_ref(diagnostic), sources));
        }
        if let Some(source) = sources.get(diagnostic.primary.span.file).filter(hidden) {
            let place = source.place(diagnostic.primary.span.start);
            text.push_str(&format!(
                "  at {}:{}:{}, in a line that is too long to be shown\n",
                source.path, place.line, place.column
            ));
        }
        text.push('\n');
    }
    text
}

fn source(span: Span, sources: &Sources) -> Option<Snippets<'_>> {
    let source = sources.get(span.file)?;
    (!source.text.is_empty() && !is_too_long(span, source)).then_some(Snippets(source))
}

/// Bytes of a line that is shown at most: longer ones are no text that people wrote.
const LINE: usize = 2_000;

/// A line of what would be shown is too long, or one beside it.
fn is_too_long(span: Span, source: &Source) -> bool {
    let lines = [span.start.saturating_sub(1), span.start, span.end, span.end + 1];
    lines.iter().any(|at| source.is_line_longer(*at, LINE))
}

/// The places in other files.
fn elsewhere<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> impl Iterator<Item = Elsewhere<'a>> {
    let labels = diagnostic.labels.iter();
    let others = labels.filter(|label| label.span.file != diagnostic.primary.span.file);
    others.map(|label| Elsewhere {
        label,
        source: source(label.span, sources),
    })
}

/// Lines that one snippet shows at most; places further apart get one each.
const LINES: usize = 12;

/// A file that is shown in parts. miette joins the places of a diagnostic whenever their lines can be read as
/// one; here they cannot where it would be more than [`LINES`].
struct Snippets<'a>(&'a Source);

impl SourceCode for Snippets<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.0.text.as_bytes();
        let end = (span.offset() + span.len()).min(text.len());
        let lines = text
            .get(span.offset()..end)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        if lines > LINES {
            return Err(MietteError::OutOfBounds);
        }
        let found = self.0.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.path.clone(),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

/// A [`Diagnostic`] as miette knows them.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<Snippets<'a>>,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(formatter)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!(
            "{} {} {}",
            super::word(self.diagnostic.severity),
            self.diagnostic.code.id,
            self.diagnostic.code.slug
        )))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let parts = [&self.diagnostic.help, &self.diagnostic.note];
        let text: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        (!text.is_empty()).then(|| Box::new(text.join("\n")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let primary = &self.diagnostic.primary;
        let text = (!primary.text.is_empty()).then(|| primary.text.clone());
        let first = LabeledSpan::new_primary_with_span(text, range(primary.span));
        let same_file = self
            .diagnostic
            .labels
            .iter()
            .filter(|label| label.span.file == primary.span.file);
        let others =
            same_file.map(|label| LabeledSpan::new_with_span(Some(label.text.clone()), range(label.span)));
        Some(Box::new(std::iter::once(first).chain(others)))
    }
}

/// A place of a diagnostic in another file than its first one: miette draws the lines of one file at a time.
struct Elsewhere<'a> {
    label: &'a Label,
    source: Option<Snippets<'a>>,
}

impl fmt::Debug for Elsewhere<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(formatter)
    }
}

impl fmt::Display for Elsewhere<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label.text)
    }
}

impl std::error::Error for Elsewhere<'_> {}

impl miette::Diagnostic for Elsewhere<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = LabeledSpan::new_primary_with_span(None, range(self.label.span));
        Some(Box::new(std::iter::once(place)))
    }
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start..span.end.max(span.start)
}
