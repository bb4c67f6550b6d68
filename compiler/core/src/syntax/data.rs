use super::Scalar;
use crate::diag::{Span, Spanned};

/// What a YAML or a JSON text says: values, lists and mappings, with their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub span: Span,
}

/// What a [`Datum`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A single value.
    Scalar(Scalar),
    /// Values, in order.
    List(Vec<Datum>),
    /// Values with keys, in order; a key may be there twice, and then that is a mistake.
    Mapping(Vec<Entry>),
}

/// `key: value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Datum,
}

impl Datum {
    /// What stands at `path`, by the keys of mappings; of a key that is written twice the last, as Kubernetes takes it.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |datum, key| Some(&datum.entry(key)?.value))
    }

    /// The value of a key of a mapping, with the key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key.value == key)
    }

    /// What a mapping holds; nothing else holds any.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// What a list holds; nothing else holds any.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// A text, a number or a truth value, as a text.
    pub fn text(&self) -> Option<Spanned<String>> {
        let value = match &self.kind {
            Kind::Scalar(Scalar::Null) | Kind::List(_) | Kind::Mapping(_) => return None,
            Kind::Scalar(scalar) => scalar.to_string(),
        };
        Some(Spanned {
            value,
            span: self.span,
        })
    }

    /// The text of the key `key`, unless it is empty.
    pub fn field_text(&self, key: &str) -> Option<Spanned<String>> {
        let text = self.entry(key)?.value.text();
        text.filter(|text| !text.value.is_empty())
    }

    /// What stands for it where only a single value can stand.
    pub fn scalar(&self) -> Scalar {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.clone(),
            Kind::List(_) => Scalar::List,
            Kind::Mapping(_) => Scalar::Mapping,
        }
    }

    /// The same without places, as other programs read it; of a key that is written twice the last.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Scalar(Scalar::Text(text)) => Value::from(text.as_str()),
            Kind::Scalar(Scalar::Bool(value)) => Value::from(*value),
            Kind::Scalar(Scalar::Integer(number)) => i64::try_from(*number)
                .map(Value::from)
                .or_else(|_| u64::try_from(*number).map(Value::from))
                .unwrap_or_else(|_| Value::from(number.to_string())),
            Kind::Scalar(Scalar::Float(number)) => number
                .parse::<f64>()
                .map_or_else(|_| Value::from(number.as_str()), Value::from),
            Kind::Scalar(_) => Value::Null,
            Kind::List(items) => items.iter().map(Self::json).collect(),
            Kind::Mapping(entries) => entries
                .iter()
                .map(|entry| (entry.key.value.clone(), entry.value.json()))
                .collect(),
        }
    }

    /// Moves it `by` bytes on in its file.
    pub(crate) fn shift(&mut self, by: usize) {
        self.span.shift(by);
        match &mut self.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Kind::Mapping(entries) => {
                for entry in entries {
                    entry.key.span.shift(by);
                    entry.value.shift(by);
                }
            }
        }
    }

    /// How many values it is, itself and within.
    pub(super) fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => items.iter().map(Self::size).sum(),
            Kind::Mapping(entries) => entries.iter().map(|entry| entry.value.size()).sum(),
        }
    }
}
