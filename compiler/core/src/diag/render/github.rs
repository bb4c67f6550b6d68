use super::{path, word};
use crate::diag::{Diagnostic, Sources, Span};

/// A workflow command of GitHub Actions each: `::error file=…,line=…::message`. They become annotations of the change.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics.iter().map(|found| command(found, sources)).collect()
}

fn command(found: &Diagnostic, sources: &Sources) -> String {
    let mut properties = Vec::new();
    let span = found.primary.span;
    if let Some(file) = path::in_folder(span, sources) {
        let (_, start) = sources.place(span);
        let (_, end) = sources.place(Span {
            start: span.end,
            ..span
        });
        properties.extend([
            format!("file={}", property(&file)),
            format!("line={}", start.line),
            format!("endLine={}", end.line),
        ]);
        // Columns of several lines are refused.
        if start.line == end.line {
            properties.push(format!("col={}", start.column));
            properties.push(format!("endColumn={}", end.column.max(start.column)));
        }
    }
    let title = format!("{} {}", found.code.id, found.code.slug);
    properties.push(format!("title={}", property(&title)));
    format!(
        "::{} {}::{}\n",
        word(found.severity),
        properties.join(","),
        data(&text(found, sources))
    )
}

/// All that is said, a line each: annotations show one place only.
fn text(found: &Diagnostic, sources: &Sources) -> String {
    let mut lines = vec![found.message.clone()];
    lines.extend(Some(found.primary.text.clone()).filter(|text| !text.is_empty()));
    for label in &found.labels {
        let (path, place) = sources.place(label.span);
        lines.push(format!("{path}:{}: {}", place.line, label.text));
    }
    lines.extend(found.help.iter().map(|help| format!("help: {help}")));
    lines.extend(found.note.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// The part behind `::`, as the runner reads it (actions/toolkit, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property (actions/toolkit, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::code;

    #[test]
    fn what_ends_a_command_is_escaped() {
        let mut sources = Sources::default();
        let file = sources.add("./a,b:c.kdl", "x\ny z\n");
        let span = |start, end| Span { file, start, end };
        let found = Diagnostic::new(&code::NO_PROBE, span(2, 3), "100% of\r\n:: it")
            .here("here")
            .label(span(0, 1), "there")
            .help("write `a`");
        assert_eq!(
            github(&[found], &sources),
            "::warning file=a%2Cb%3Ac.kdl,line=2,endLine=2,col=1,endColumn=2,title=MC-V016 no-probe::100%25 of%0D%0A:: it%0Ahere%0A./a,b:c.kdl:1: there%0Ahelp: write `a`\n"
        );
        let file = sources.add("--set", "a=b");
        let found = Diagnostic::new(
            &code::NO_PROBE,
            Span {
                file,
                start: 0,
                end: 1,
            },
            "m",
        );
        assert_eq!(
            github(&[found], &sources),
            "::warning title=MC-V016 no-probe::m\n"
        );
    }
}
