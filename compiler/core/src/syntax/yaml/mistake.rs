//! What is said about texts that are no YAML, and about YAML that no spec needs.

use granit_parser::{ErrorKind, ScanError};

use super::{Manner, Stop};
use crate::diag::{Diagnostic, FileId, Sink, Span, Spanned, code};
use crate::syntax::{Datum, Kind, Scalar};

/// What ended the parser.
pub(super) fn of(error: &ScanError, text: &str, file: FileId, manner: &Manner) -> Stop {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let start = text.floor_char_boundary(at);
    // Where the text ends too early, its last word is the place; where a tab indents, that.
    let last = text.trim_end().len().saturating_sub(1);
    let (start, tabbed) = match tab_near(text, start) {
        Some(tab) => (tab, true),
        None => (text.floor_char_boundary(start.min(last)), false),
    };
    let end = text.ceil_char_boundary((start + 1).min(text.len()));
    let (message, help) = match error.kind() {
        ErrorKind::RecursionLimitExceeded if !tabbed => (
            format!("nested deeper than {} levels", manner.depth),
            "is the indentation right?",
        ),
        _ => said(error, tabbed),
    };
    let found = Diagnostic::new(&code::SYNTAX, Span { file, start, end }, message);
    Box::new(found.help(help))
}

/// A tab that indents the line at `at`, or the next one.
fn tab_near(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let next = text[at..].find('\n').map(|newline| at + newline + 1);
    [Some(start), next].into_iter().flatten().find_map(|start| {
        let line = &text[start..];
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        line[..indent].find('\t').map(|tab| start + tab)
    })
}

/// The message, and what helps.
fn said(error: &ScanError, tabbed: bool) -> (String, &'static str) {
    use ErrorKind as E;
    let (message, help) = match error.kind() {
        _ if tabbed => (
            "lines are indented with spaces in YAML, not with tabs",
            "write spaces",
        ),
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabAtBlockScalarStart => (
            "lines are indented with spaces in YAML, not with tabs",
            "write spaces",
        ),
        E::MappingValueNotAllowed | E::MappingKeyNotAllowed | E::SimpleKeyExpected | E::InvalidSimpleKey => (
            "a key stands here where none can stand",
            "indent it like the keys around it, begin an entry of a list with `- `, or quote a text that has `: ` in it",
        ),
        E::ExpectedBlockMappingKey | E::InvalidIndentation | E::ExpectedBlockSequenceEntry => (
            "this line is indented neither like the one above nor like any before",
            "indent the keys of one mapping alike, with spaces",
        ),
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection | E::InvalidBlockEntryWhitespace => (
            "an entry of a list stands here where none can stand",
            "write `key:` on a line of its own, and `- ` before each entry below",
        ),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            ("this text is not closed", "write the same quote where it ends")
        }
        E::UnclosedFlowCollection { .. }
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofFlowSequence
        | E::UnexpectedEofImplicitFlowMapping => {
            ("this bracket is not closed", "write `}` or `]` where it ends")
        }
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => (
            "this bracket closes nothing",
            "every `{` ends with `}`, and every `[` with `]`",
        ),
        E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator => {
            ("a comma is missing here", "write `,` between the entries")
        }
        E::UnexpectedCharacter { .. } => (
            "no text begins with this character without quotes",
            "quote the text: \"…\"",
        ),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => (
            "the quoted text ended before this",
            "quote the text whole, or leave the quotes out",
        ),
        E::UnknownQuotedScalarEscape => (
            "no such escape is known",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        _ => {
            return (
                format!("this is not YAML: {}", error.kind()),
                "see yaml.org/spec/1.2.2",
            );
        }
    };
    (message.to_owned(), help)
}

/// What was read where a key stands, as a key.
pub(super) fn key(datum: Datum, text: &str, manner: &Manner, sink: &mut Sink) -> Spanned<String> {
    let span = datum.span;
    let written = text.get(span.start..span.end).unwrap_or_default();
    let mut wrong = |what: &str, help: String| {
        let message = format!("a key is a text, and this is {what}");
        sink.push(Diagnostic::new(&code::SYNTAX, span, message).help(help));
    };
    let value = match datum.kind {
        Kind::Scalar(Scalar::Text(text)) => {
            if text == "<<" && !manner.merges {
                let found = Diagnostic::new(
                    &code::SYNTAX,
                    span,
                    "`<<` merges nothing: YAML 1.2 does not know it",
                );
                sink.push(found.help("write the keys out, or say what several nodes share in `defaults`"));
            }
            text
        }
        Kind::Scalar(_) if manner.plain_keys => written.to_owned(),
        Kind::Scalar(scalar) => {
            wrong(&scalar.describe(), format!("quote it: \"{written}\""));
            written.to_owned()
        }
        Kind::List(_) => {
            wrong("a list", "write the keys out".to_owned());
            String::new()
        }
        Kind::Mapping(_) => {
            wrong("a mapping", "quote a text with `{` in it".to_owned());
            String::new()
        }
    };
    Spanned { value, span }
}
