use std::fmt::Write;

use super::{place, text};
use crate::diag::Sources;
use crate::query::Verdict;

/// A JUnit report, as continuous integration reads it: a case for each expectation, by its file.
pub fn junit(verdicts: &[Verdict], suite: &str, sources: &Sources) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", verdicts.len());
    let _ = writeln!(out, "<testsuites {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"{}\" {counts}>", escaped(suite));
    for verdict in verdicts {
        case(&mut out, verdict, sources);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, verdict: &Verdict, sources: &Sources) {
    let (file, at) = sources.place(verdict.expectation.span);
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
        escaped(file),
        escaped(&verdict.name),
        escaped(file),
        at.line
    );
    let Some(failure) = &verdict.failure else {
        out.push_str("/>\n");
        return;
    };
    let mut body = place(sources, Some(verdict.expectation.span)).unwrap_or_default();
    if let Some(help) = &failure.help {
        let _ = write!(body, "\nhelp: {help}");
    }
    if let Some(trace) = &verdict.trace {
        let _ = write!(body, "\n\n{}", text(trace, sources, false));
    }
    let _ = writeln!(
        out,
        ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
        failure.code.id,
        escaped(&failure.message),
        escaped(&body)
    );
}

/// Text for XML 1.0, which has no control characters but tabs and ends of lines.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
