use serde::Serialize;
use serde_json::{Map, Value, json};

use super::yaml;
use crate::parallel;

/// A JSON document, indented, with a line's end.
pub(super) fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("keys are strings, and nothing here fails to serialize");
    bytes.push(b'\n');
    bytes
}

/// What divides YAML documents.
const BETWEEN: &str = "---\n";

/// YAML documents, one for each value.
pub(super) fn yaml_text<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let values: Vec<_> = values.into_iter().collect();
    let part = |values: &[&Value]| {
        let documents: Vec<String> = values.iter().map(|value| yaml::text(value)).collect();
        documents.join(BETWEEN)
    };
    parallel::chunks(&values, part).join(BETWEEN)
}

/// An object of Kubernetes.
pub(super) struct Object<'a> {
    pub(super) api: &'a str,
    pub(super) kind: &'a str,
    /// `None` for what belongs to no namespace.
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

impl Object<'_> {
    /// The object with `body` beside its metadata.
    pub(super) fn with(&self, body: Value) -> Value {
        let Self {
            api,
            kind,
            namespace,
            name,
        } = self;
        let mut object = json!({
            "apiVersion": api,
            "kind": kind,
            "metadata": { "name": name, "namespace": namespace },
        });
        merge(&mut object, body);
        without_empty(object)
    }

    /// The object with a `spec`.
    pub(super) fn spec(&self, spec: Value) -> Value {
        self.with(json!({ "spec": spec }))
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// `None` where nothing is said.
pub(super) fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Takes out what says nothing: nulls, empty lists and empty objects. A field that is sent empty would be ours
/// under server-side apply.
pub(super) fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
