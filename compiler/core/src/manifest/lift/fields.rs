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
    /// What it is called, and the keys below that lead here.
    whole: &'static str,
    keys: Vec<&'a str>,
    span: Span,
    entries: &'a [Entry],
    taken: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    /// The keys of `datum`, which is called `whole`.
    pub(super) fn of(datum: &'a Datum, whole: &'static str) -> Result<Self, Unsaid> {
        Self::below(datum, whole, Vec::new())
    }

    fn below(datum: &'a Datum, whole: &'static str, keys: Vec<&'a str>) -> Result<Self, Unsaid> {
        let entries = match &datum.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            Kind::Scalar(Scalar::Null) => &[],
            _ => {
                let path = path(whole, &keys, None);
                return Err(Unsaid::new(format!("`{path}` is no mapping"), datum.span));
            }
        };
        Ok(Self {
            whole,
            keys,
            span: datum.span,
            entries,
            taken: Vec::with_capacity(entries.len()),
        })
    }

    /// The value of a key that says something.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a Datum> {
        let entry = self.entries.iter().rev().find(|entry| entry.key.value == key)?;
        self.taken.push(entry.key.value.as_str());
        Some(&entry.value).filter(|value| !is_empty(value))
    }

    /// The mapping below a key, if it is there, even an empty one.
    pub(super) fn inner(&mut self, key: &str) -> Result<Option<Self>, Unsaid> {
        let Some(entry) = self.entries.iter().rev().find(|entry| entry.key.value == key) else {
            return Ok(None);
        };
        self.taken.push(entry.key.value.as_str());
        if entry.value.kind == Kind::Scalar(Scalar::Null) {
            return Ok(None);
        }
        let keys = self.keys.iter().copied().chain([entry.key.value.as_str()]);
        Self::below(&entry.value, self.whole, keys.collect()).map(Some)
    }

    /// Reads past a key that says nothing to the mesh.
    pub(super) fn skip(&mut self, keys: &[&str]) {
        for entry in self.entries {
            if keys.contains(&entry.key.value.as_str()) {
                self.taken.push(entry.key.value.as_str());
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
        let texts: Vec<_> = self.items(key).iter().filter_map(Datum::text).collect();
        match texts
            .iter()
            .find(|text| text.value.contains(',') || text.value.trim() != text.value)
        {
            Some(text) => Err(Unsaid::new(
                format!("a value of `{}` holds a comma", self.at(key)),
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
        path(self.whole, &self.keys, Some(key))
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
            .find(|entry| !self.taken.contains(&entry.key.value.as_str()) && !is_empty(&entry.value));
        match rest {
            Some(entry) => Err(self.unsaid(&entry.key.value, entry.key.span)),
            None => Ok(()),
        }
    }
}

/// What keys lead to, in words.
fn path(whole: &str, keys: &[&str], key: Option<&str>) -> String {
    let whole = Some(whole).filter(|whole| !whole.is_empty());
    let all: Vec<&str> = whole.into_iter().chain(keys.iter().copied()).chain(key).collect();
    all.join(".")
}

/// It says nothing.
fn is_empty(datum: &Datum) -> bool {
    match &datum.kind {
        Kind::Scalar(Scalar::Null) => true,
        Kind::List(items) => items.is_empty(),
        Kind::Scalar(_) | Kind::Mapping(_) => false,
    }
}
