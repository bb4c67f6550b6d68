//! Reading JSON so that nothing is overlooked.

use mesh_wire::Millis;
use serde_json::{Map, Value};

/// An object whose keys are taken out one after the other.
pub(crate) struct Fields(Map<String, Value>);

pub(crate) fn fields(value: &Value) -> Fields {
    Fields(
        value
            .as_object()
            .unwrap_or_else(|| panic!("no object: {value}"))
            .clone(),
    )
}

impl Fields {
    pub(crate) fn take(&mut self, key: &str) -> Value {
        self.maybe(key)
            .unwrap_or_else(|| panic!("no `{key}` in {:?}", self.0))
    }

    pub(crate) fn maybe(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// Nothing may be left but what need not be said.
    pub(crate) fn end(mut self, ignored: &[&str]) {
        self.0.retain(|key, _| !ignored.contains(&key.as_str()));
        assert!(self.0.is_empty(), "a snapshot cannot say {:?}", self.0);
    }
}

/// The items of a list; nothing has none.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Protobuf's JSON form of a duration: `1.500s`.
pub(crate) fn millis(value: &Value) -> Millis {
    let seconds: f64 = text(value).trim_end_matches('s').parse().unwrap();
    Millis((seconds * 1000.0) as u64)
}
