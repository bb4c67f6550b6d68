//! Which fields the messages have that istiod sends: number, name and type, from `schema/*.txt`.
//!
//! The tables were taken from Envoy's API (the `.proto` files in release 0.7.7 of the crate `envoy-types`) and from
//! Istio's. They hold every field, acted on or not, so that what is not acted on can be told by its name. Generated
//! types would not do: they drop silently what they do not know, take minutes to compile and are megabytes of code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLES: [&str; 2] = [
    include_str!("../schema/envoy.txt"),
    include_str!("../schema/istio.txt"),
];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(TABLES));

/// The fields of a message by their numbers.
pub(crate) type Fields = BTreeMap<u32, Field>;

/// All that is known of messages.
#[derive(Debug, Default)]
struct Schema {
    messages: BTreeMap<&'static str, Fields>,
    enums: BTreeMap<&'static str, BTreeMap<i64, &'static str>>,
}

/// One field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    Many,
    /// By a text.
    Map,
}

/// What a value of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Enum(&'static str),
    Message(&'static str),
    /// A message that wraps one scalar in its field 1, such as `google.protobuf.UInt32Value`.
    Wrapped(&'static Self),
    Duration,
    Any,
    Struct,
    /// A message that nothing here looks into.
    Opaque,
}

/// The fields of a message, where it is known.
pub(crate) fn message(name: &str) -> Option<(&'static str, &'static Fields)> {
    SCHEMA
        .messages
        .get_key_value(name)
        .map(|(name, fields)| (*name, fields))
}

/// The name of an enum's value.
pub(crate) fn word(name: &str, number: i64) -> Option<&'static str> {
    SCHEMA.enums.get(name)?.get(&number).copied()
}

impl Schema {
    /// A head a line, `message NAME` or `enum NAME`, and below it what it has.
    fn read(tables: [&'static str; 2]) -> Self {
        let mut schema = Self::default();
        let mut head = ("", "");
        for line in tables.into_iter().flat_map(str::lines) {
            if let Some(entry) = line.strip_prefix(' ') {
                let added = match head {
                    ("message", name) => schema.add_field(name, entry),
                    (_, name) => schema.add_word(name, entry),
                };
                debug_assert!(added.is_some(), "{head:?} {entry}");
            } else {
                head = line.split_once(' ').unwrap_or_default();
                if head.0 == "message" {
                    schema.messages.insert(head.1, Fields::new());
                }
            }
        }
        schema
    }

    fn add_field(&mut self, message: &'static str, entry: &'static str) -> Option<()> {
        let mut parts = entry.splitn(3, ' ');
        let (number, name, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let (shape, kind) = match (kind.strip_prefix('*'), kind.strip_prefix("map ")) {
            (Some(kind), _) => (Shape::Many, kind),
            (None, Some(kind)) => (Shape::Map, kind),
            (None, None) => (Shape::One, kind),
        };
        let kind = kind_of(kind);
        let fields = self.messages.get_mut(message)?;
        fields.insert(number.parse().ok()?, Field { name, shape, kind });
        Some(())
    }

    fn add_word(&mut self, name: &'static str, entry: &'static str) -> Option<()> {
        let (number, word) = entry.split_once(' ')?;
        let words = self.enums.entry(name).or_default();
        words.insert(number.parse().ok()?, word);
        Some(())
    }
}

fn kind_of(text: &'static str) -> Kind {
    match text {
        "bool" => Kind::Bool,
        "int" | "int64" => Kind::Int,
        "uint" | "uint64" => Kind::Uint,
        "double" => Kind::Double,
        "string" => Kind::Text,
        "bytes" => Kind::Bytes,
        "bool?" => Kind::Wrapped(&Kind::Bool),
        "uint?" | "uint64?" => Kind::Wrapped(&Kind::Uint),
        "double?" => Kind::Wrapped(&Kind::Double),
        "duration" => Kind::Duration,
        "any" => Kind::Any,
        "struct" => Kind::Struct,
        "opaque" | "empty" => Kind::Opaque,
        other => match other.strip_prefix("enum ") {
            Some(name) => Kind::Enum(name),
            None => Kind::Message(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fields_hold_is_in_the_tables_too() {
        for (name, fields) in &SCHEMA.messages {
            for field in fields.values() {
                let known = match field.kind {
                    Kind::Message(name) => SCHEMA.messages.contains_key(name),
                    Kind::Enum(name) => SCHEMA.enums.contains_key(name),
                    _ => true,
                };
                assert!(known, "{name}.{}: {:?}", field.name, field.kind);
            }
        }
        assert!(SCHEMA.messages.len() > 250);
    }
}
