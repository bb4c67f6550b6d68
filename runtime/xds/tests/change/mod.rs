//! Changes of one value in a message.

use mesh_xds::{Content, Message, Value};
use serde_json::Value as Json;

/// The steps that lead to a value: of which answer, then which of the fields and entries, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    steps: Vec<usize>,
    /// A field is added that nobody knows.
    adds: bool,
}

/// The type of a message and the name of its field; `+` is one that nobody knows.
pub(crate) type FieldName = (String, String);

/// Every value below `message`, with the field that it is of.
pub(crate) fn places(message: &Message, index: usize, found: &mut impl FnMut(FieldName, Place)) {
    below(message, &[index], found);
}

fn below(message: &Message, steps: &[usize], found: &mut impl FnMut(FieldName, Place)) {
    let place = |steps: &[usize], adds| Place {
        steps: steps.to_vec(),
        adds,
    };
    found((message.kind.clone(), "+".to_owned()), place(steps, true));
    for (at, (name, content)) in message.fields.iter().enumerate() {
        for (entry, value) in values(content).enumerate() {
            let steps = [steps, &[at, entry]].concat();
            match value {
                Value::Message(inner) => below(inner, &steps, found),
                _ => found((message.kind.clone(), name.clone()), place(&steps, false)),
            }
        }
    }
}

fn values(content: &Content) -> Box<dyn Iterator<Item = &Value> + '_> {
    match content {
        Content::One(value) => Box::new(std::iter::once(value)),
        Content::Many(values) => Box::new(values.iter()),
        Content::Map(entries) => Box::new(entries.values()),
    }
}

/// A copy of all answers in which one value is another.
pub(crate) fn changed(sent: &[Message], place: &Place) -> Vec<Message> {
    let mut sent = sent.to_vec();
    let (first, steps) = place.steps.split_first().unwrap();
    change(&mut sent[*first], steps, place.adds);
    sent
}

fn change(message: &mut Message, steps: &[usize], adds: bool) {
    let [at, entry, rest @ ..] = steps else {
        assert!(adds);
        let unknown = Content::Many(vec![Value::Uint(1)]);
        message.fields.insert("#9999".to_owned(), unknown);
        return;
    };
    let content = message.fields.values_mut().nth(*at).unwrap();
    let value = match content {
        Content::One(value) => value,
        Content::Many(values) => &mut values[*entry],
        Content::Map(entries) => entries.values_mut().nth(*entry).unwrap(),
    };
    match value {
        Value::Message(inner) => change(inner, rest, adds),
        value => *value = other(value),
    }
}

fn other(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Int(number) => Value::Int(number + 1),
        Value::Uint(number) => Value::Uint(if *number > 1 { number - 1 } else { number + 1 }),
        Value::Double(number) => Value::Double(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text}1")),
        Value::Bytes(bytes) => Value::Bytes([bytes.as_slice(), b"1"].concat()),
        Value::Word(word) => Value::Word(format!("{word}1")),
        Value::Duration { seconds, nanos } => Value::Duration {
            seconds: seconds ^ 1,
            nanos: *nanos,
        },
        Value::Struct(fields) => {
            let fields = fields.iter();
            let mut fields: serde_json::Map<_, _> = fields
                .map(|(name, value)| (name.clone(), other_json(value)))
                .collect();
            fields.insert("unknown".to_owned(), Json::from(1));
            Value::Struct(fields)
        }
        Value::Message(_) | Value::Opaque { .. } => Value::Opaque {
            kind: "unknown".to_owned(),
            length: 1,
        },
    }
}

fn other_json(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::from(format!("{text}1")),
        other => other.clone(),
    }
}
