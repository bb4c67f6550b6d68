//! A message as it came: every field, known or not.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// A message with all fields that were sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Full name of its type.
    pub kind: String,
    /// It came in a `google.protobuf.Any`, which names the type.
    pub named: bool,
    /// By name; those that the schema does not know by `#` and their number.
    pub fields: BTreeMap<String, Content>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A value.
    One(Value),
    /// Several, in order.
    Many(Vec<Value>),
    /// Values by text.
    Map(BTreeMap<String, Value>),
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number without sign.
    Uint(u64),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The name of an enum's value, or its number in digits where it has none.
    Word(String),
    /// A span of time.
    Duration {
        /// Seconds.
        seconds: i64,
        /// Billionths of a second beside them.
        nanos: i32,
    },
    /// A message.
    Message(Message),
    /// A `google.protobuf.Struct`.
    Struct(Map<String, Json>),
    /// What the schema does not know.
    Opaque {
        /// Its type, where an `Any` names it.
        kind: String,
        /// How many bytes.
        length: usize,
    },
}

impl Message {
    /// As JSON with the names of the `.proto` files.
    pub fn json(&self) -> Json {
        self.json_named(&str::to_owned)
    }

    /// As protobuf's own JSON, but for whole numbers of 64 bits, which stay numbers.
    pub fn protobuf_json(&self) -> Json {
        self.json_named(&camel)
    }

    fn json_named(&self, naming: &dyn Fn(&str) -> String) -> Json {
        let mut object = Map::new();
        if self.named {
            let url = format!("type.googleapis.com/{}", self.kind);
            object.insert("@type".to_owned(), Json::from(url));
        }
        let fields = self.fields.iter();
        object.extend(fields.map(|(name, content)| {
            let json = match is_secret(&self.kind, name) {
                true => json!("a secret"),
                false => content.json(naming),
            };
            (naming(name), json)
        }));
        Json::Object(object)
    }
}

/// Whether what is said must not be shown to anybody.
pub(crate) fn is_secret(kind: &str, field: &str) -> bool {
    let certificate = kind.ends_with("tls.v3.TlsCertificate");
    certificate && ["private_key", "pkcs12", "password"].contains(&field)
}

impl Content {
    pub(crate) fn json(&self, naming: &dyn Fn(&str) -> String) -> Json {
        match self {
            Self::One(value) => value.json(naming),
            Self::Many(values) => values.iter().map(|value| value.json(naming)).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.json(naming)))
                .collect(),
        }
    }

    /// As JSON with the names of the `.proto` files.
    pub(crate) fn plain(&self) -> Json {
        self.json(&str::to_owned)
    }
}

impl Value {
    /// Spans of time are in seconds, with an `s` behind them.
    fn json(&self, naming: &dyn Fn(&str) -> String) -> Json {
        match self {
            Self::Bool(flag) => json!(flag),
            Self::Int(number) => json!(number),
            Self::Uint(number) => json!(number),
            Self::Double(number) => whole(*number),
            Self::Text(text) | Self::Word(text) => json!(text),
            Self::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
            Self::Duration { seconds, nanos } => json!(span(*seconds, *nanos)),
            Self::Message(message) => message.json_named(naming),
            Self::Struct(object) => Json::Object(object.clone()),
            Self::Opaque { length: 0, .. } => json!({}),
            Self::Opaque { kind, length } if kind.is_empty() => json!(format!("{length} bytes")),
            Self::Opaque { kind, length } => json!(format!("{kind}, {length} bytes")),
        }
    }

    /// As JSON with the names of the `.proto` files.
    pub(crate) fn plain(&self) -> Json {
        self.json(&str::to_owned)
    }
}

/// Numbers that are whole stand without a point.
pub(crate) fn whole(number: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "what is cut off is compared")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "what is lost is compared")]
    if whole as f64 == number && whole.unsigned_abs() < 1 << 53 {
        return Json::from(whole);
    }
    Json::from(number)
}

/// The name of a field in protobuf's JSON.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut all, word| {
        let mut letters = word.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

fn span(seconds: i64, nanos: i32) -> String {
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let fraction = format!("{:09}", nanos.unsigned_abs());
    let fraction = fraction.trim_end_matches("000");
    format!("{sign}{}.{fraction}s", seconds.unsigned_abs())
}
