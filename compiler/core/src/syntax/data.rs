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
    /// What stands for it where only a single value can stand.
    pub fn scalar(&self) -> Scalar {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.clone(),
            Kind::List(_) => Scalar::List,
            Kind::Mapping(_) => Scalar::Mapping,
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
