use std::ops::Range;

use super::part::Part;
use super::shell::Variable;
use crate::diag::{Span, Spanned};

/// A unit of systemd, a drop-in or a file of the same kind, such as resolved.conf.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    /// `Key=value`, in order; continued lines are one.
    pub(crate) settings: Vec<Setting>,
}

/// `Key=value`.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The key.
    pub(crate) key: Spanned<String>,
    /// The value: where lines are continued, spaces stand for the backslash and the end of the line.
    pub(crate) value: Spanned<String>,
}

/// A word of a value, without its quotes.
pub(crate) type Word = Spanned<String>;

pub(crate) fn read(part: Part<'_>) -> Unit {
    let mut unit = Unit::default();
    let mut lines = part.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.text.is_empty() || text.text.starts_with(['#', ';']) {
            continue;
        }
        if text.text.starts_with('[') && text.text.ends_with(']') {
            continue;
        }
        let start = text.start() - part.start();
        let mut end = start + text.text.len();
        let mut continued = text.text.ends_with('\\');
        while continued && let Some(next) = lines.next() {
            let comment = next.trim().text.starts_with(['#', ';']);
            end = next.start() - part.start() + next.text.trim_end().len();
            continued = comment || next.text.trim_end().ends_with('\\');
        }
        unit.settings.extend(setting(part.slice(start..end)));
    }
    unit
}

fn setting(line: Part<'_>) -> Option<Setting> {
    let equals = line.text.find('=')?;
    let value = line.slice(equals + 1..line.text.len()).trim();
    let mut spanned = value.spanned();
    if spanned.value.contains('\n') {
        spanned.value = joined(value.text);
    }
    Some(Setting {
        key: line.slice(0..equals).trim().spanned(),
        value: spanned,
    })
}

/// One line of as many bytes.
fn joined(text: &str) -> String {
    let mut one = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let comment = line.trim_start().starts_with(['#', ';']);
        let body = line.trim_end();
        let kept = if comment {
            ""
        } else {
            body.strip_suffix('\\').unwrap_or(body)
        };
        one.push_str(kept);
        one.extend(std::iter::repeat_n(' ', line.len() - kept.len()));
    }
    one
}

impl Unit {
    /// The settings with `key`, in order. Empty values take back what stands before them.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl DoubleEndedIterator<Item = &'a Setting> {
        let all = || {
            self.settings
                .iter()
                .filter(move |setting| setting.key.value == key)
        };
        let mut reset = all();
        let reset = reset.rfind(|setting| setting.value.value.is_empty());
        let reset = reset.map_or(0, |setting| setting.value.span.end);
        all().filter(move |setting| !setting.value.value.is_empty() && setting.value.span.end > reset)
    }

    /// The last setting with `key`.
    pub(crate) fn last(&self, key: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .rev()
            .find(|setting| setting.key.value == key)
    }

    /// All words of all settings with `key`.
    pub(crate) fn words(&self, key: &str) -> Vec<Word> {
        self.all(key).flat_map(Setting::words).collect()
    }

    /// What `Environment=` sets.
    pub(crate) fn environment(&self) -> Vec<Variable> {
        let words = self.words("Environment");
        words.iter().filter_map(variable).collect()
    }
}

impl Setting {
    /// Words of the value, as systemd splits them.
    pub(crate) fn words(&self) -> Vec<Word> {
        let (text, whole) = (self.value.value.as_str(), self.value.span);
        let mut words = Vec::new();
        let mut rest = 0..text.len();
        while let Some((word, at)) = next_word(text, &mut rest) {
            words.push(Spanned {
                value: word,
                span: Span {
                    start: whole.start + at.start,
                    end: whole.start + at.end,
                    ..whole
                },
            });
        }
        words
    }
}

/// The next word of `text` in `rest`, and its place without quotes around it.
fn next_word(text: &str, rest: &mut Range<usize>) -> Option<(String, Range<usize>)> {
    let lead = text[rest.clone()].find(|c: char| !c.is_whitespace())?;
    let start = rest.start + lead;
    let (mut word, mut quote) = (String::new(), None);
    let mut characters = text[start..rest.end].char_indices();
    let mut end = rest.end;
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (_, '\\') => word.extend(characters.next().map(|(_, next)| next)),
            (None, _) if character.is_whitespace() => {
                end = start + at;
                break;
            }
            _ => word.push(character),
        }
    }
    rest.start = end;
    let quoted = end - start == word.len() + 2 && text[start..end].starts_with(['"', '\'']);
    let place = if quoted { start + 1..end - 1 } else { start..end };
    Some((word, place))
}

fn variable(word: &Word) -> Option<Variable> {
    let (name, value) = word.value.split_once('=')?;
    let Span { file, start, end } = word.span;
    let equals = (start + name.len()).min(end);
    Some(Variable {
        name: Spanned {
            value: name.to_owned(),
            span: Span {
                file,
                start,
                end: equals,
            },
        },
        value: Spanned {
            value: value.to_owned(),
            span: Span {
                file,
                start: (equals + 1).min(end),
                end,
            },
        },
        // systemd expands nothing here but its specifiers.
        literal: !value.contains('%'),
        span: word.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;

    #[test]
    fn settings_keep_their_places_over_continued_lines() {
        let text = "[Service]\n# x\nExecStart=/bin/a one \\\n  two\nEnvironment=\"A=b c\" D=e 'F=\"g\"'\n";
        let unit = read(Part::whole(text, FileId(0)));
        let shown: Vec<_> = unit
            .words("ExecStart")
            .iter()
            .map(|word| {
                (
                    word.value.clone(),
                    text[word.span.start..word.span.end].to_owned(),
                )
            })
            .collect();
        let expected = ["/bin/a", "one", "two"].map(|word| (word.to_owned(), word.to_owned()));
        assert_eq!(shown, expected);
        let variables: Vec<_> = unit
            .environment()
            .iter()
            .map(|variable| {
                let span = variable.value.span;
                (
                    variable.name.value.clone(),
                    variable.value.value.clone(),
                    &text[span.start..span.end],
                )
            })
            .collect();
        assert_eq!(
            variables,
            [
                ("A".to_owned(), "b c".to_owned(), "b c"),
                ("D".to_owned(), "e".to_owned(), "e"),
                ("F".to_owned(), "\"g\"".to_owned(), "\"g\""),
            ]
        );
    }

    #[test]
    fn an_empty_value_takes_back_what_was_said() {
        let unit = read(Part::whole(
            "[Service]\nExecStart=/a\nExecStart=\nExecStart=/b\n",
            FileId(0),
        ));
        let words = unit.words("ExecStart");
        assert_eq!(
            words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>(),
            ["/b"]
        );
    }
}
