//! A message while it is translated: what is taken is gone, and what is left in the end is reported.

mod object;

use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::Millis;
use serde_json::{Map, Value as Json};

use crate::report::Report;
use crate::schema;
use crate::value::{Content, Message, Value, is_secret};
pub(crate) use object::Object;

/// A message of which fields are taken, each once. Dropping it reports those that nobody took: forgetting one is not
/// possible.
pub(crate) struct Reader<'r> {
    kind: String,
    fields: BTreeMap<String, Content>,
    path: String,
    report: &'r Report,
}

/// Why a field that nobody took is reported.
const LEFT: &str = "nothing acts on it";

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for (name, content) in std::mem::take(&mut self.fields) {
            let path = format!("{}/{name}", self.path);
            let shown = match is_secret(&self.kind, &name) {
                true => Json::from("a secret"),
                false => content.plain(),
            };
            self.report.add(path, &shown, LEFT);
        }
    }
}

impl<'r> Reader<'r> {
    pub(crate) fn new(message: Message, path: String, report: &'r Report) -> Self {
        let Message { kind, fields, .. } = message;
        Self {
            kind,
            fields,
            path,
            report,
        }
    }

    /// Full name of the message's type.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether the type's name ends so.
    pub(crate) fn is(&self, end: &str) -> bool {
        self.kind.ends_with(end)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.check(name);
        self.fields.contains_key(name)
    }

    /// Lets the whole message go in silence: it says nothing to a data plane of ours.
    pub(crate) fn dismiss(mut self) {
        self.fields.clear();
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A text, which stays.
    pub(crate) fn peek_text(&self, name: &str) -> Option<&str> {
        match self.fields.get(name)? {
            Content::One(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether something is left that nobody took.
    pub(crate) fn has_more(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Whether messages of this type have such a field.
    pub(crate) fn knows(&self, name: &str) -> bool {
        let known = |(_, fields): (_, &schema::Fields)| fields.values().any(|field| field.name == name);
        schema::message(&self.kind).is_some_and(known)
    }

    /// Names the place, once the message has said its name.
    pub(crate) fn step(&mut self, path: &str) {
        path.clone_into(&mut self.path);
    }

    /// Reports something about `name` that was taken.
    pub(crate) fn tell(&self, name: &str, value: &Json, why: &str) {
        self.report.add(format!("{}/{name}", self.path), value, why);
    }

    /// Reports `name`, if it is there, with a reason better than that nobody took it.
    pub(crate) fn refuse(&mut self, name: &str, why: &str) {
        if let Some(content) = self.take(name) {
            let path = format!("{}/{name}", self.path);
            self.report.add(path, &content.plain(), why);
        }
    }

    /// Reports the whole message, once.
    pub(crate) fn refuse_all(mut self, why: &str) {
        let fields = std::mem::take(&mut self.fields);
        let kind = std::mem::take(&mut self.kind);
        let message = Message {
            kind,
            named: true,
            fields,
        };
        self.report.add(self.path.clone(), &message.json(), why);
    }

    /// Takes what says nothing to a data plane, such as names of statistics and where resources are fetched.
    pub(crate) fn skip(&mut self, name: &str) {
        self.take(name);
    }

    /// Takes `name` where it is one of `values`: what the proxy does anyway.
    pub(crate) fn given(&mut self, name: &str, values: &[Json]) {
        self.check(name);
        let is_given = |content: &Content| values.contains(&content.plain());
        if self.fields.get(name).is_some_and(is_given) {
            self.fields.remove(name);
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> String {
        match self.one(name) {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        }
    }

    /// A text that is not empty.
    pub(crate) fn some_text(&mut self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// An IP address; another text is reported.
    pub(crate) fn address(&mut self, name: &str) -> Option<IpAddr> {
        let text = self.some_text(name)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.tell(name, &Json::from(text), "no IP address");
        }
        address
    }

    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        let values = self.many(name).into_iter();
        let text = |value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        };
        values.filter_map(text).collect()
    }

    /// The name of an enum's value.
    pub(crate) fn word(&mut self, name: &str) -> Option<String> {
        match self.one(name)? {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.one(name)? {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// A number that is not negative and fits; others are reported.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Option<T> {
        let wide = match self.fields.get(name) {
            Some(Content::One(Value::Uint(number))) => Some(*number),
            Some(Content::One(Value::Int(number))) => u64::try_from(*number).ok(),
            _ => None,
        };
        match wide.and_then(|wide| T::try_from(wide).ok()) {
            Some(number) => {
                self.take(name);
                Some(number)
            }
            None => {
                self.refuse(name, "the number is out of its range");
                None
            }
        }
    }

    pub(crate) fn numbers(&mut self, name: &str) -> Vec<u64> {
        let values = self.many(name).into_iter();
        let number = |value| match value {
            Value::Uint(number) => Some(number),
            _ => None,
        };
        values.filter_map(number).collect()
    }

    /// A number that is one; others are reported.
    pub(crate) fn double(&mut self, name: &str) -> Option<f64> {
        let finite =
            |content: &Content| matches!(content, Content::One(Value::Double(number)) if number.is_finite());
        if !self.fields.get(name).is_some_and(finite) {
            self.refuse(name, "no number");
        }
        match self.one(name)? {
            Value::Double(number) => Some(number),
            _ => None,
        }
    }

    /// A span of time; parts of a millisecond count as a whole one.
    pub(crate) fn span(&mut self, name: &str) -> Option<Millis> {
        let Some(Content::One(Value::Duration { seconds, nanos })) = self.fields.get(name) else {
            self.check(name);
            return None;
        };
        let seconds = u64::try_from(*seconds).ok();
        let nanos = u64::try_from(*nanos).ok();
        let millis = seconds.zip(nanos).and_then(|(seconds, nanos)| {
            let part = nanos.div_ceil(1_000_000);
            seconds.checked_mul(1000)?.checked_add(part)
        });
        if millis.is_none() {
            self.refuse(name, "the span of time is out of its range");
        }
        self.take(name);
        millis.map(Millis)
    }

    /// A message, or what an `Any` holds. One whose type is not known is reported.
    pub(crate) fn message(&mut self, name: &str) -> Option<Self> {
        let value = self.one(name)?;
        self.inside(value, format!("{}/{name}", self.path))
    }

    pub(crate) fn messages(&mut self, name: &str) -> Vec<Self> {
        let values = self.many(name).into_iter().enumerate();
        let path = |index| format!("{}/{name}[{index}]", self.path);
        values
            .filter_map(|(index, value)| self.inside(value, path(index)))
            .collect()
    }

    /// Messages by text.
    pub(crate) fn map(&mut self, name: &str) -> Vec<(String, Self)> {
        let Some(Content::Map(entries)) = self.take(name) else {
            return Vec::new();
        };
        let entries = entries.into_iter();
        entries
            .filter_map(|(key, value)| {
                let path = format!("{}/{name}[{key:?}]", self.path);
                Some((key, self.inside(value, path)?))
            })
            .collect()
    }

    /// Texts by text.
    pub(crate) fn text_map(&mut self, name: &str) -> BTreeMap<String, String> {
        let Some(Content::Map(entries)) = self.take(name) else {
            return BTreeMap::new();
        };
        let text = |(key, value)| match value {
            Value::Text(text) => Some((key, text)),
            _ => None,
        };
        entries.into_iter().filter_map(text).collect()
    }

    /// A `google.protobuf.Struct`.
    pub(crate) fn structure(&mut self, name: &str) -> Option<Object<'r>> {
        match self.one(name)? {
            Value::Struct(fields) => Some(self.object(fields, format!("{}/{name}", self.path))),
            _ => None,
        }
    }

    /// A `google.protobuf.Struct`, without fields where there is none.
    pub(crate) fn structure_or_empty(&mut self, name: &str) -> Object<'r> {
        let path = format!("{}/{name}", self.path);
        self.structure(name)
            .unwrap_or_else(|| Object::new(Map::new(), path, self.report))
    }

    /// Structs by text.
    pub(crate) fn structures(&mut self, name: &str) -> BTreeMap<String, Object<'r>> {
        let Some(Content::Map(entries)) = self.take(name) else {
            return BTreeMap::new();
        };
        let object = |(key, value)| match value {
            Value::Struct(fields) => {
                let path = format!("{}/{name}[{key:?}]", self.path);
                Some((key, self.object(fields, path)))
            }
            _ => None,
        };
        entries.into_iter().filter_map(object).collect()
    }

    fn object(&self, fields: Map<String, Json>, path: String) -> Object<'r> {
        Object::new(fields, path, self.report)
    }

    fn inside(&self, value: Value, path: String) -> Option<Self> {
        match value {
            Value::Message(message) => Some(Self::new(message, path, self.report)),
            other => {
                self.report.add(path, &other.plain(), "the type is not known");
                None
            }
        }
    }

    fn one(&mut self, name: &str) -> Option<Value> {
        match self.take(name)? {
            Content::One(value) => Some(value),
            _ => None,
        }
    }

    fn many(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Some(Content::Many(values)) => values,
            _ => Vec::new(),
        }
    }

    fn take(&mut self, name: &str) -> Option<Content> {
        self.check(name);
        self.fields.remove(name)
    }

    fn check(&self, name: &str) {
        debug_assert!(self.knows(name), "{} has no field `{name}`", self.kind);
    }
}
