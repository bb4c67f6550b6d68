//! Protobuf's JSON, as messages: what `istioctl` and Envoy's `/config_dump` print
//! (<https://protobuf.dev/programming-guides/json/>).

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Map, Value as Json};

use crate::decode::DecodeError;
use crate::schema::{self, Field, Kind, Shape};
use crate::value::{Content, Message, Value, camel};

/// Reads `json` as the message that is called `kind`. Names of fields may be those of the `.proto` files or those of
/// protobuf's JSON.
///
/// # Errors
/// Where the document is not what the schema says, with the fields that lead there.
pub fn from_json(kind: &str, json: &Json) -> Result<Message, DecodeError> {
    let Json::Object(object) = json else {
        return Err(DecodeError::new("no object"));
    };
    message(kind, object)
}

fn message(kind: &str, object: &Map<String, Json>) -> Result<Message, DecodeError> {
    let (_, fields) = schema::message(kind).ok_or(DecodeError::new("a message of an unknown type"))?;
    let mut message = Message {
        kind: kind.to_owned(),
        ..Message::default()
    };
    for (key, json) in object
        .iter()
        .filter(|(key, json)| *key != "@type" && !json.is_null())
    {
        let named = |field: &&Field| field.name == key || camel(field.name) == *key;
        let Some(field) = fields.values().find(named) else {
            let unknown = Content::Many(vec![opaque(String::new(), json)]);
            message.fields.insert(format!("#{key}"), unknown);
            continue;
        };
        let content = content(field, json).map_err(|cause| cause.within(field.name))?;
        message.fields.insert(field.name.to_owned(), content);
    }
    Ok(message)
}

fn content(field: &Field, json: &Json) -> Result<Content, DecodeError> {
    Ok(match (field.shape, json) {
        (Shape::One, json) => Content::One(value(field.kind, json)?),
        (Shape::Many, Json::Array(items)) => {
            let mut values = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let value = value(field.kind, item);
                values.push(value.map_err(|cause| cause.within(format!("[{at}]")))?);
            }
            Content::Many(values)
        }
        (Shape::Map, Json::Object(entries)) => {
            let mut values = BTreeMap::new();
            for (key, entry) in entries {
                let value = value(field.kind, entry);
                let value = value.map_err(|cause| cause.within(format!("[{key:?}]")))?;
                values.insert(key.clone(), value);
            }
            Content::Map(values)
        }
        (Shape::Many, _) => return Err(DecodeError::new("no list")),
        (Shape::Map, _) => return Err(DecodeError::new("no object")),
    })
}

fn value(kind: Kind, json: &Json) -> Result<Value, DecodeError> {
    let wrong = || DecodeError::new("a value of another type than the field's");
    Ok(match (kind, json) {
        (Kind::Bool, Json::Bool(flag)) => Value::Bool(*flag),
        (Kind::Int, json) => Value::Int(whole(json).ok_or_else(wrong)?),
        (Kind::Uint, json) => Value::Uint(whole(json).ok_or_else(wrong)?),
        (Kind::Double, json) => Value::Double(json.as_f64().ok_or_else(wrong)?),
        (Kind::Text, Json::String(text)) => Value::Text(text.clone()),
        (Kind::Bytes, Json::String(text)) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text);
            Value::Bytes(bytes.map_err(|_| DecodeError::new("no base64"))?)
        }
        (Kind::Enum(_), Json::String(word)) => Value::Word(word.clone()),
        (Kind::Enum(name), Json::Number(number)) => {
            let number = number.as_i64().ok_or_else(wrong)?;
            Value::Word(schema::word(name, number).map_or_else(|| number.to_string(), str::to_owned))
        }
        (Kind::Wrapped(inner), json) => value(*inner, json)?,
        (Kind::Duration, Json::String(text)) => duration(text).ok_or_else(wrong)?,
        (Kind::Struct, Json::Object(fields)) => Value::Struct(fields.clone()),
        (Kind::Opaque, json) => opaque(String::new(), json),
        (Kind::Message(name), Json::Object(object)) => Value::Message(message(name, object)?),
        (Kind::Any, Json::Object(object)) => any(object)?,
        _ => return Err(wrong()),
    })
}

/// A number, or one of 64 bits, which is a text.
fn whole<T: std::str::FromStr>(json: &Json) -> Option<T> {
    match json {
        Json::Number(number) => number.to_string().parse().ok(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn opaque(kind: String, json: &Json) -> Value {
    let is_empty = json.as_object().is_some_and(Map::is_empty);
    let length = if is_empty { 0 } else { json.to_string().len() };
    Value::Opaque { kind, length }
}

fn duration(text: &str) -> Option<Value> {
    let text = text.strip_suffix('s')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    let nanos: i32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(Value::Duration {
        seconds: seconds.parse().ok()?,
        nanos: nanos * sign,
    })
}

fn any(object: &Map<String, Json>) -> Result<Value, DecodeError> {
    let url = object.get("@type").and_then(Json::as_str).unwrap_or_default();
    let kind = url.rsplit('/').next().unwrap_or_default();
    if schema::message(kind).is_none() {
        return Ok(opaque(kind.to_owned(), &Json::Object(object.clone())));
    }
    let mut message = message(kind, object).map_err(|cause| cause.within(kind))?;
    message.named = true;
    Ok(Value::Message(message))
}
