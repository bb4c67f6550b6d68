use std::collections::BTreeSet;

use crate::diag::{Span, Spanned};
use crate::syntax::{Datum, Entry, Kind, Scalar};

/// Why the language does not say something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// In words: `spec.sessionAffinity` has no word in the language.
    pub why: String,
    /// What of the object it is.
    pub span: Span,
    /// It is no part of the mesh's configuration: somebody else makes it.
    pub elsewhere: bool,
}

impl Unsaid {
    pub(crate) fn new(why: impl Into<String>, span: Span) -> Self {
        Self {
            why: why.into(),
            span,
            elsewhere: false,
        }
    }
}

/// A mapping whose every key has to be read: what is left when it is [done](Fields::done) would be lost.
pub(super) struct Fields<'a> {
    path: String,
    span: Span,
    entries: &'a [Entry],
    taken: BTreeSet<&'a str>,
}

impl<'a> Fields<'a> {
    /// The keys of `datum`, which is called `path`.
    pub(super) fn of(datum: &'a Datum, path: &str) -> Result<Self, Unsaid> {
        let entries = match &datum.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            Kind::Scalar(Scalar::Null) => &[],
            _ => return Err(Unsaid::new(format!("`{path}` is no mapping"), datum.span)),
        };
        Ok(Self {
            path: path.to_owned(),
            span: datum.span,
            entries,
            taken: BTreeSet::new(),
        })
    }

    /// The value of a key that says something.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a Datum> {
        let entry = self.entries.iter().rev().find(|entry| entry.key.value == key)?;
        self.taken.insert(entry.key.value.as_str());
        Some(&entry.value).filter(|value| !is_empty(value))
    }

    /// The mapping below a key, if it is there, even an empty one.
    pub(super) fn inner(&mut self, key: &str) -> Result<Option<Self>, Unsaid> {
        let Some(entry) = self.entries.iter().rev().find(|entry| entry.key.value == key) else {
            return Ok(None);
        };
        self.taken.insert(entry.key.value.as_str());
        if entry.value.kind == Kind::Scalar(Scalar::Null) {
            return Ok(None);
        }
        Self::of(&entry.value, &self.at(key)).map(Some)
    }

    /// Reads past a key that says nothing to the mesh.
    pub(super) fn skip(&mut self, keys: &[&str]) {
        for entry in self.entries {
            if keys.contains(&entry.key.value.as_str()) {
                self.taken.insert(entry.key.value.as_str());
            }
        }
    }

    /// What stands for a text.
    pub(super) fn text(&mut self, key: &str) -> Option<Spanned<String>> {
        self.take(key)?.text().filter(|text| !text.value.is_empty())
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<Spanned<i128>>, Unsaid> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        match text.value.parse() {
            Ok(value) => Ok(Some(Spanned {
                value,
                span: text.span,
            })),
            Err(_) => Err(Unsaid::new(
                format!("`{}` is no whole number", self.at(key)),
                text.span,
            )),
        }
    }

    pub(super) fn yes(&mut self, key: &str) -> Option<Spanned<bool>> {
        let text = self.text(key)?;
        Some(Spanned {
            value: text.value == "true",
            span: text.span,
        })
    }

    pub(super) fn items(&mut self, key: &str) -> &'a [Datum] {
        self.take(key).map_or(&[], Datum::items)
    }

    /// The texts of a list. They are written by comma, so that none may hold one.
    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<Spanned<String>>, Unsaid> {
        let path = self.at(key);
        let texts: Vec<_> = self.items(key).iter().filter_map(Datum::text).collect();
        match texts
            .iter()
            .find(|text| text.value.contains(',') || text.value.trim() != text.value)
        {
            Some(text) => Err(Unsaid::new(
                format!("a value of `{path}` holds a comma"),
                text.span,
            )),
            None => Ok(texts),
        }
    }

    /// Names and values.
    pub(super) fn pairs(&mut self, key: &str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let entries = self.take(key).map_or(&[][..], Datum::entries);
        let pair = |entry: &Entry| Some((entry.key.clone(), entry.value.text()?));
        entries.iter().filter_map(pair).collect()
    }

    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// What has no word in the language.
    pub(super) fn unsaid(&self, key: &str, span: Span) -> Unsaid {
        Unsaid::new(format!("`{}` has no word in the language", self.at(key)), span)
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Everything that says something has been read.
    pub(super) fn done(self) -> Result<(), Unsaid> {
        let rest = self
            .entries
            .iter()
            .find(|entry| !self.taken.contains(entry.key.value.as_str()) && !is_empty(&entry.value));
        match rest {
            Some(entry) => Err(self.unsaid(&entry.key.value, entry.key.span)),
            None => Ok(()),
        }
    }
}

/// It says nothing.
fn is_empty(datum: &Datum) -> bool {
    match &datum.kind {
        Kind::Scalar(Scalar::Null) => true,
        Kind::List(items) => items.is_empty(),
        Kind::Scalar(_) | Kind::Mapping(_) => false,
    }
}
