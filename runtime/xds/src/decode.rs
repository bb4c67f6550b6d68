//! Bytes of protobuf's wire format, as messages (<https://protobuf.dev/programming-guides/encoding/>).
//!
//! What the schema does not know is kept by its number, so that nothing goes unseen.

mod wire;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::schema::{self, Field, Kind, Shape};
use crate::value::{Content, Message, Value, whole};
use wire::{Item, items};

/// Messages inside messages, at most; Envoy's own limit is that of protobuf, 100.
const DEPTH: usize = 100;

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{cause}", .place.iter().rev().map(|step| format!("{step}: ")).collect::<String>())]
pub struct DecodeError {
    /// Where, innermost first.
    place: Vec<String>,
    cause: &'static str,
}

impl DecodeError {
    pub(crate) fn new(cause: &'static str) -> Self {
        let place = Vec::new();
        Self { place, cause }
    }

    pub(crate) fn within(mut self, step: impl Into<String>) -> Self {
        self.place.push(step.into());
        self
    }
}

/// Reads `bytes` as the message that is called `kind`.
///
/// # Errors
/// Where the bytes are not what the wire format or the schema says, with the fields that lead there.
pub fn decode(kind: &str, bytes: &[u8]) -> Result<Message, DecodeError> {
    message(kind, bytes, DEPTH)
}

fn message(kind: &str, bytes: &[u8], depth: usize) -> Result<Message, DecodeError> {
    let depth = depth
        .checked_sub(1)
        .ok_or(DecodeError::new("messages inside messages, too deep"))?;
    let (kind, fields) = schema::message(kind).ok_or(DecodeError::new("a message of an unknown type"))?;
    let mut message = Message {
        kind: kind.to_owned(),
        ..Message::default()
    };
    for item in items(bytes) {
        let (number, item) = item?;
        match fields.get(&number) {
            Some(field) => add(&mut message, field, item, depth).map_err(|cause| cause.within(field.name))?,
            None => add_unknown(&mut message, number, &item),
        }
    }
    Ok(message)
}

fn add(message: &mut Message, field: &Field, item: Item<'_>, depth: usize) -> Result<(), DecodeError> {
    let held = message.fields.entry(field.name.to_owned());
    match field.shape {
        Shape::Map => {
            let held = held.or_insert_with(|| Content::Map(BTreeMap::new()));
            let (key, value) = entry(field.kind, item, depth)?;
            if let Content::Map(entries) = held {
                entries.insert(key, value);
            }
        }
        Shape::Many => {
            let held = held.or_insert_with(|| Content::Many(Vec::new()));
            let Content::Many(values) = held else {
                return Ok(());
            };
            match item {
                // Numbers may come packed.
                Item::Bytes(bytes) if is_number(field.kind) => {
                    for number in wire::packed(bytes) {
                        values.push(value(field.kind, Item::Varint(number?), depth)?);
                    }
                }
                item => {
                    let at = values.len();
                    let value = value(field.kind, item, depth);
                    values.push(value.map_err(|cause| cause.within(format!("[{at}]")))?);
                }
            }
        }
        Shape::One => {
            let new = value(field.kind, item, depth)?;
            let held = held.or_insert_with(|| Content::One(Value::Bool(false)));
            // A message that comes in two parts is merged, of all else the last one counts.
            *held = match (std::mem::replace(held, Content::Many(Vec::new())), new) {
                (Content::One(Value::Message(mut first)), Value::Message(second)) => {
                    merge(&mut first, second);
                    Content::One(Value::Message(first))
                }
                (_, new) => Content::One(new),
            };
        }
    }
    Ok(())
}

fn merge(first: &mut Message, second: Message) {
    for (name, content) in second.fields {
        match (first.fields.get_mut(&name), content) {
            (Some(Content::Many(held)), Content::Many(more)) => held.extend(more),
            (Some(Content::Map(held)), Content::Map(more)) => held.extend(more),
            (Some(Content::One(Value::Message(held))), Content::One(Value::Message(more))) => {
                merge(held, more);
            }
            (_, content) => _ = first.fields.insert(name, content),
        }
    }
}

fn add_unknown(message: &mut Message, number: u32, item: &Item<'_>) {
    let value = match item {
        Item::Varint(number) | Item::Fixed(number) => Value::Uint(*number),
        Item::Bytes(bytes) => opaque(String::new(), bytes),
    };
    let held = message.fields.entry(format!("#{number}"));
    if let Content::Many(values) = held.or_insert_with(|| Content::Many(Vec::new())) {
        values.push(value);
    }
}

fn opaque(kind: String, bytes: &[u8]) -> Value {
    let length = bytes.len();
    Value::Opaque { kind, length }
}

fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Int | Kind::Uint | Kind::Enum(_))
}

fn value(kind: Kind, item: Item<'_>, depth: usize) -> Result<Value, DecodeError> {
    Ok(match (kind, item) {
        (Kind::Bool, Item::Varint(number)) => Value::Bool(number != 0),
        (Kind::Int, Item::Varint(number)) => Value::Int(number.cast_signed()),
        (Kind::Uint, Item::Varint(number)) => Value::Uint(number),
        (Kind::Enum(name), Item::Varint(number)) => {
            let number = number.cast_signed();
            Value::Word(schema::word(name, number).map_or_else(|| number.to_string(), str::to_owned))
        }
        (Kind::Double, Item::Fixed(bits)) => Value::Double(f64::from_bits(bits)),
        (Kind::Text, Item::Bytes(bytes)) => Value::Text(text(bytes)?),
        (Kind::Bytes, Item::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
        (Kind::Opaque, Item::Bytes(bytes)) => opaque(String::new(), bytes),
        (Kind::Message(name), Item::Bytes(bytes)) => Value::Message(message(name, bytes, depth)?),
        (Kind::Wrapped(inner), Item::Bytes(bytes)) => wrapped(*inner, bytes, depth)?,
        (Kind::Duration, Item::Bytes(bytes)) => duration(bytes)?,
        (Kind::Any, Item::Bytes(bytes)) => any(bytes, depth)?,
        (Kind::Struct, Item::Bytes(bytes)) => Value::Struct(structure(bytes, depth)?),
        _ => return Err(DecodeError::new("a value of another wire type than the field's")),
    })
}

fn text(bytes: &[u8]) -> Result<String, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::new("a text that is no UTF-8"))?;
    Ok(text.to_owned())
}

/// Key in field 1, value in field 2; what is left out is empty.
fn entry(kind: Kind, item: Item<'_>, depth: usize) -> Result<(String, Value), DecodeError> {
    let Item::Bytes(bytes) = item else {
        return Err(DecodeError::new("an entry of a map that is no message"));
    };
    let (mut key, mut held) = (String::new(), None);
    for item in items(bytes) {
        match item? {
            (1, Item::Bytes(bytes)) => key = text(bytes)?,
            (2, item) => held = Some(item),
            _ => return Err(DecodeError::new("an entry of a map with more than key and value")),
        }
    }
    let held = held.unwrap_or(Item::Bytes(&[]));
    let value = value(kind, held, depth).map_err(|cause| cause.within(format!("[{key:?}]")))?;
    Ok((key, value))
}

fn wrapped(inner: Kind, bytes: &[u8], depth: usize) -> Result<Value, DecodeError> {
    let none = match inner {
        Kind::Double => Item::Fixed(0),
        _ => Item::Varint(0),
    };
    let mut held = none;
    for item in items(bytes) {
        match item? {
            (1, item) => held = item,
            _ => return Err(DecodeError::new("a wrapped value with more than the value")),
        }
    }
    value(inner, held, depth)
}

fn duration(bytes: &[u8]) -> Result<Value, DecodeError> {
    let (mut seconds, mut nanos) = (0, 0);
    for item in items(bytes) {
        match item? {
            (1, Item::Varint(number)) => seconds = number.cast_signed(),
            (2, Item::Varint(number)) => {
                nanos = i32::try_from(number.cast_signed())
                    .ok()
                    .filter(|nanos| nanos.unsigned_abs() < 1_000_000_000)
                    .ok_or(DecodeError::new(
                        "a duration with a second of nanoseconds or more",
                    ))?;
            }
            _ => {
                return Err(DecodeError::new(
                    "a duration with more than seconds and nanoseconds",
                ));
            }
        }
    }
    Ok(Value::Duration { seconds, nanos })
}

fn any(bytes: &[u8], depth: usize) -> Result<Value, DecodeError> {
    let (mut url, mut inside): (_, &[u8]) = (String::new(), &[]);
    for item in items(bytes) {
        match item? {
            (1, Item::Bytes(bytes)) => url = text(bytes)?,
            (2, Item::Bytes(bytes)) => inside = bytes,
            _ => return Err(DecodeError::new("an Any with more than type and value")),
        }
    }
    let kind = url.rsplit('/').next().unwrap_or_default();
    if schema::message(kind).is_none() {
        return Ok(opaque(kind.to_owned(), inside));
    }
    let mut message = message(kind, inside, depth).map_err(|cause| cause.within(kind))?;
    message.named = true;
    Ok(Value::Message(message))
}

/// `google.protobuf.Struct`: entries of texts and `google.protobuf.Value`.
fn structure(bytes: &[u8], depth: usize) -> Result<Map<String, Json>, DecodeError> {
    let mut object = Map::new();
    for item in items(bytes) {
        let (1, Item::Bytes(bytes)) = item? else {
            return Err(DecodeError::new("a struct with more than fields"));
        };
        let (mut key, mut held) = (String::new(), Json::Null);
        for item in items(bytes) {
            match item? {
                (1, Item::Bytes(bytes)) => key = text(bytes)?,
                (2, Item::Bytes(bytes)) => held = json(bytes, depth)?,
                _ => {
                    return Err(DecodeError::new(
                        "an entry of a struct with more than key and value",
                    ));
                }
            }
        }
        object.insert(key, held);
    }
    Ok(object)
}

/// `google.protobuf.Value`.
fn json(bytes: &[u8], depth: usize) -> Result<Json, DecodeError> {
    let depth = depth
        .checked_sub(1)
        .ok_or(DecodeError::new("values inside values, too deep"))?;
    let mut held = Json::Null;
    for item in items(bytes) {
        held = match item? {
            (1, Item::Varint(_)) => Json::Null,
            (2, Item::Fixed(bits)) => whole(f64::from_bits(bits)),
            (3, Item::Bytes(bytes)) => Json::from(text(bytes)?),
            (4, Item::Varint(flag)) => Json::from(flag != 0),
            (5, Item::Bytes(bytes)) => Json::Object(structure(bytes, depth)?),
            (6, Item::Bytes(bytes)) => {
                let mut list = Vec::new();
                for item in items(bytes) {
                    let (1, Item::Bytes(bytes)) = item? else {
                        return Err(DecodeError::new("a list with more than values"));
                    };
                    list.push(json(bytes, depth)?);
                }
                Json::Array(list)
            }
            _ => return Err(DecodeError::new("a value of an unknown kind")),
        };
    }
    Ok(held)
}
