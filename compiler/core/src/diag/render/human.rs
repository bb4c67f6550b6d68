use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::diag::{Diagnostic, Severity, Sources, Span};

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
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .without_syntax_highlighting()
        .with_context_lines(1);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let report = Report { diagnostic, source: source(diagnostic, sources) };
        // Writing into a string cannot fail; a place outside its file is shown without the file's lines.
        if handler.render_report(&mut text, &report).is_err() {
            text.push_str(&super::short(std::slice::from_ref(diagnostic), sources));
        }
        text.push('\n');
    }
    text
}

fn source(diagnostic: &Diagnostic, sources: &Sources) -> Option<NamedSource<String>> {
    let source = sources.get(diagnostic.primary.span.file)?;
    (!source.text.is_empty()).then(|| NamedSource::new(&source.path, source.text.clone()))
}

/// A [`Diagnostic`] as miette knows them.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
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
        Some(Box::new(format!("{} {}", self.diagnostic.code.id, self.diagnostic.code.slug)))
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
        let same_file = self.diagnostic.labels.iter().filter(|label| label.span.file == primary.span.file);
        let others = same_file.map(|label| LabeledSpan::new_with_span(Some(label.text.clone()), range(label.span)));
        Some(Box::new(std::iter::once(first).chain(others)))
    }
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start..span.end.max(span.start)
}
