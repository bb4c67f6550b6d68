//! Reading single nodes of KDL, with every mistake noted.

use std::fmt;
use std::str::FromStr;

use kdl::{KdlEntry, KdlNode, KdlValue};

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What it is.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Notes mistakes while nodes are read.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads nodes of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            problems: Vec::new(),
        }
    }

    /// Notes that something is wrong at `offset`.
    pub(super) fn note(&mut self, offset: usize, message: impl Into<String>) {
        let before: String = self
            .text
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .map(|(_, it)| it)
            .collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        self.problems.push(Problem {
            line,
            column,
            message: message.into(),
        });
    }

    /// Notes that `node` is none of `known`.
    pub(super) fn unknown(&mut self, node: &KdlNode, known: &[&str]) {
        let message = format!(
            "`{}` is not known here; there is {}",
            node.name().value(),
            known.join(", ")
        );
        self.note(node.span().offset(), message);
    }

    /// Notes the properties of `node` that are none of `known`.
    pub(super) fn only(&mut self, node: &KdlNode, known: &[&str]) {
        for entry in node.entries() {
            let Some(name) = entry.name().map(kdl::KdlIdentifier::value) else {
                continue;
            };
            if !known.contains(&name) {
                let message = format!("`{}` has no property `{name}`", node.name().value());
                self.note(entry.span().offset(), message);
            }
        }
    }

    /// The texts behind the name of `node`; at least one.
    pub(super) fn texts(&mut self, node: &KdlNode) -> Vec<String> {
        let plain: Vec<&KdlEntry> = node.entries().iter().filter(|it| it.name().is_none()).collect();
        if plain.is_empty() {
            self.note(
                node.span().offset(),
                format!("`{}` needs a value", node.name().value()),
            );
        }
        plain.into_iter().filter_map(|it| self.text_of(it)).collect()
    }

    /// The one text behind the name of `node`.
    pub(super) fn text(&mut self, node: &KdlNode) -> Option<String> {
        let mut all = self.texts(node);
        if all.len() > 1 {
            self.note(
                node.span().offset(),
                format!("`{}` takes one value", node.name().value()),
            );
        }
        if all.is_empty() {
            None
        } else {
            Some(all.swap_remove(0))
        }
    }

    /// The property `name`, which is a text.
    pub(super) fn property(&mut self, node: &KdlNode, name: &str) -> Option<String> {
        let entry = node.entry(name)?;
        self.text_of(entry)
    }

    /// The property `name`, which cannot be left out, as a `T`.
    pub(super) fn needed<T: FromStr>(&mut self, node: &KdlNode, name: &str, what: &str) -> Option<T> {
        let Some(entry) = node.entry(name) else {
            self.note(
                node.span().offset(),
                format!("`{}` needs `{name}=`", node.name().value()),
            );
            return None;
        };
        let parsed = self.text_of(entry)?.parse();
        if parsed.is_err() {
            self.note(entry.span().offset(), format!("this is no {what}"));
        }
        parsed.ok()
    }

    /// A number in `entry`.
    pub(super) fn number<T: TryFrom<i128>>(&mut self, entry: &KdlEntry) -> Option<T> {
        let number = entry.value().as_integer().and_then(|it| T::try_from(it).ok());
        if number.is_none() {
            self.note(entry.span().offset(), "a whole number that fits is expected");
        }
        number
    }

    /// The property `name`, which is `#true` or `#false`.
    pub(super) fn flag(&mut self, node: &KdlNode, name: &str, default: bool) -> bool {
        let Some(entry) = node.entry(name) else {
            return default;
        };
        entry.value().as_bool().unwrap_or_else(|| {
            self.note(entry.span().offset(), format!("`{name}` is #true or #false"));
            default
        })
    }

    fn text_of(&mut self, entry: &KdlEntry) -> Option<String> {
        if let KdlValue::String(text) = entry.value() {
            return Some(text.clone());
        }
        self.note(entry.span().offset(), "a text is expected");
        None
    }
}
