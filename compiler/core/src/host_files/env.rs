use super::part::Part;
use super::shell::{self, Variable};
use crate::diag::Span;

/// `cluster.env` or `sidecar.env`: variables that `istio-start.sh` sources with its shell.
#[derive(Debug, Default)]
pub(crate) struct EnvFile {
    /// The variables, in order; the last of a name counts.
    pub(crate) variables: Vec<Variable>,
    /// What the shell takes for a command, or cannot read.
    pub(crate) broken: Vec<Broken>,
}

/// A place that does not set a variable.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Where.
    pub(crate) span: Span,
    /// What is wrong with it.
    pub(crate) cause: Cause,
}

/// Why a line sets no variable, or another value than it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The shell runs it.
    Command,
    /// `NAME: value` and `NAME = value`, which the shell runs too.
    Separator,
    /// What follows an unquoted space.
    Space,
    /// A quote is not closed.
    Quote,
    /// Lines end as on Windows: values end with a carriage return.
    Return,
    /// Quotes within the value are taken by the shell.
    Json,
}

/// Commands that set variables, too.
const SETTERS: &[&str] = &["export", "readonly", "declare", "typeset"];

pub(crate) fn read(part: Part<'_>) -> EnvFile {
    let script = shell::read(part);
    let mut file = EnvFile::default();
    let mut broke = |span, cause| file.broken.push(Broken { span, cause });
    if let Some(at) = part.text.find("\r\n") {
        broke(part.span(at..at + 1), Cause::Return);
    }
    if let Some(span) = script.unclosed {
        broke(span, Cause::Quote);
    }
    for command in script.commands {
        let Some(first) = command.words.first() else {
            file.variables.extend(command.variables);
            continue;
        };
        if SETTERS.contains(&first.text.as_str()) {
            let set = command.words[1..].iter().filter_map(|word| set(word, part));
            file.variables.extend(set);
            continue;
        }
        // `set -a`, `. other.env` and `source`: what people write on purpose.
        if ["set", ".", "source", "unset", "true", ":"].contains(&first.text.as_str()) {
            continue;
        }
        let cause = match (command.variables.is_empty(), command.words.get(1)) {
            (false, _) => Cause::Space,
            (true, Some(second)) if first.text.ends_with(':') || second.text.starts_with('=') => {
                Cause::Separator
            }
            (true, None) if first.text.contains(':') && !first.text.contains('/') => Cause::Separator,
            _ => Cause::Command,
        };
        file.broken.push(Broken {
            span: command.span().unwrap_or(first.span),
            cause,
        });
        if cause == Cause::Separator {
            file.variables.extend(meant(&command.words));
        }
        file.variables.extend(command.variables);
    }
    let bare = file
        .variables
        .iter()
        .filter(|variable| lost_quotes(variable, part));
    let bare: Vec<_> = bare.map(|variable| variable.value.span).collect();
    let json = |span| Broken {
        span,
        cause: Cause::Json,
    };
    file.broken.extend(bare.into_iter().map(json));
    file
}

/// `export NAME=value`.
fn set(word: &shell::Word, part: Part<'_>) -> Option<Variable> {
    let (name, value) = word.text.split_once('=')?;
    let start = word.span.start - part.start();
    let end = word.span.end - part.start();
    let behind = start + name.len();
    Some(Variable {
        name: part.slice(start..behind).spanned(),
        value: crate::diag::Spanned {
            value: value.to_owned(),
            span: part.span(behind + 1..end),
        },
        literal: word.literal,
        span: word.span,
    })
}

/// The variable that `NAME: value` or `NAME = value` was meant to set.
fn meant(words: &[shell::Word]) -> Option<Variable> {
    let (first, rest) = words.split_first()?;
    let value = rest.iter().find(|word| word.text != "=")?;
    let mut name = first.spanned();
    let length = name.value.trim_end_matches(':').len();
    name.value.truncate(length);
    name.span.end = name.span.end.min(name.span.start + length);
    Some(Variable {
        name,
        literal: value.literal,
        value: value.inside(),
        span: Span {
            end: value.span.end,
            ..first.span
        },
    })
}

/// `{"a":"b"}` without quotes around it, of which the shell makes `{a:b}`.
fn lost_quotes(variable: &Variable, part: Part<'_>) -> bool {
    let span = variable.value.span;
    let written = part
        .text
        .get(span.start - part.start()..span.end - part.start())
        .unwrap_or_default();
    let json = written.starts_with('{') || written.starts_with("[{");
    json && written != variable.value.value && written.contains('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;

    fn said(text: &str) -> (Vec<(String, String)>, Vec<Cause>) {
        let file = read(Part::whole(text, FileId(0)));
        let variables = file
            .variables
            .iter()
            .map(|variable| (variable.name.value.clone(), variable.value.value.clone()));
        let mut causes: Vec<_> = file
            .broken
            .iter()
            .map(|broken| (broken.span, broken.cause))
            .collect();
        causes.sort_by_key(|(span, _)| *span);
        (
            variables.collect(),
            causes.into_iter().map(|(_, cause)| cause).collect(),
        )
    }

    #[test]
    fn variables_are_read_as_the_shell_reads_them() {
        let (variables, broken) = said(concat!(
            "# a comment\nA='it''s'\nexport B=\"two words\"\nC=\nD=a\\ b E=2\n",
            "F='{\"a\":\"b\"}' # behind\n"
        ));
        let expected = [
            ("A", "its"),
            ("B", "two words"),
            ("C", ""),
            ("D", "a b"),
            ("E", "2"),
            ("F", "{\"a\":\"b\"}"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables, expected);
        assert_eq!(broken, []);
    }

    #[test]
    fn lines_that_the_shell_would_run_are_told() {
        for (text, cause) in [
            ("ISTIO_META_DNS_CAPTURE: \"true\"\n", Cause::Separator),
            ("A = b\n", Cause::Separator),
            ("A=10.0.0.0/8, 240.240.0.0/16\n", Cause::Space),
            ("A=\"b\n", Cause::Quote),
            ("A=b\r\n", Cause::Return),
            ("A={\"x\":\"y\"}\n", Cause::Json),
            ("reboot\n", Cause::Command),
        ] {
            assert_eq!(said(text).1, [cause], "{text}");
        }
    }
}
