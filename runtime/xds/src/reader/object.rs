use serde_json::{Map, Value as Json};

use super::LEFT;
use crate::report::Report;

/// A `google.protobuf.Struct` while it is translated.
pub(crate) struct Object<'r> {
    fields: Map<String, Json>,
    path: String,
    report: &'r Report,
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        for (name, value) in std::mem::take(&mut self.fields) {
            self.report.add(format!("{}/{name}", self.path), &value, LEFT);
        }
    }
}

impl<'r> Object<'r> {
    pub(super) fn new(fields: Map<String, Json>, path: String, report: &'r Report) -> Self {
        Self { fields, path, report }
    }

    /// The value under `name`; `null` where there is none.
    pub(crate) fn take(&mut self, name: &str) -> Json {
        self.fields.shift_remove(name).unwrap_or_default()
    }

    /// The text under `name`, empty where there is none.
    pub(crate) fn text(&mut self, name: &str) -> String {
        match self.take(name) {
            Json::String(text) => text,
            _ => String::new(),
        }
    }

    /// All values.
    pub(crate) fn take_all(&mut self) -> Map<String, Json> {
        std::mem::take(&mut self.fields)
    }

    /// Reports everything, once.
    pub(crate) fn refuse_all(mut self, kind: &str, why: &str) {
        let fields = Json::Object(self.take_all());
        self.report
            .add(self.path.clone(), &serde_json::json!({ kind: fields }), why);
    }

    /// Takes the value under `name` where it is one of `values`.
    pub(crate) fn given_under(&mut self, name: &str, values: &[Json]) {
        if self.fields.get(name).is_some_and(|value| values.contains(value)) {
            self.fields.shift_remove(name);
        }
    }

    /// Everything is what the proxy does anyway.
    pub(crate) fn given(&mut self, values: &[Json]) {
        let own = Json::Object(std::mem::take(&mut self.fields));
        if !values.contains(&own)
            && let Json::Object(fields) = own
        {
            self.fields = fields;
        }
    }
}
