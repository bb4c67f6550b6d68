use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::values;
use crate::spec::schema::{Child, NodeSpec, SPEC, Times};
use crate::spec::shape::LABELS;

/// The JSON Schema of specs in YAML and JSON, as text. It is of draft 7: that is what editors know best.
///
/// What a whole spec needs at its top is not asked: files that are included have only a part of it.
pub fn json_schema() -> String {
    let mut definitions = Definitions::default();
    let mut schema = object(SPEC, &mut definitions, "");
    schema.remove("required");
    let mut whole = Map::new();
    whole.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    whole.insert("title".to_owned(), json!("A meshc spec"));
    whole.append(&mut schema);
    whole.insert("definitions".to_owned(), Json::Object(definitions.finish()));
    // A schema is plain data: it always has a JSON form.
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

/// A node that stands at several places is defined once.
#[derive(Default)]
struct Definitions {
    /// By where the table keeps it.
    names: BTreeMap<usize, String>,
    schemas: BTreeMap<String, Json>,
}

impl Definitions {
    fn finish(self) -> Map<String, Json> {
        self.schemas.into_iter().collect()
    }

    /// A reference to the schema of `spec`, which stands below `parent`.
    fn of(&mut self, spec: &'static NodeSpec, parent: &str) -> Json {
        let place = std::ptr::from_ref(spec).addr();
        let name = match self.names.get(&place) {
            Some(name) => name.clone(),
            None => self.define(spec, place, parent),
        };
        json!({"$ref": format!("#/definitions/{name}")})
    }

    fn define(&mut self, spec: &'static NodeSpec, place: usize, parent: &str) -> String {
        let taken = |name: &String| self.names.values().any(|other| other == name);
        let short = spec.name.to_owned();
        let name = if taken(&short) {
            format!("{parent}.{short}")
        } else {
            short
        };
        self.names.insert(place, name.clone());
        let schema = node(spec, self, &name);
        self.schemas.insert(name.clone(), schema);
        name
    }
}

/// All the ways in which a node is written.
fn node(spec: &'static NodeSpec, definitions: &mut Definitions, name: &str) -> Json {
    if spec.only_labels() {
        return values::labels(spec);
    }
    let mut ways = Vec::new();
    let mut whole = object(spec.children, definitions, name);
    fields(spec, &mut whole);
    let needs = |key: &str| {
        whole
            .get("required")
            .and_then(Json::as_array)
            .is_some_and(|all| all.iter().any(|one| one == key))
    };
    let required = whole.get("required").and_then(Json::as_array).map_or(0, Vec::len);
    if let Some(first) = spec.args.first()
        && required == usize::from(needs(first.name))
    {
        ways.push(values::field(first));
        if spec.args.len() == 1 && spec.repeat_last {
            ways.push(values::list(first));
        }
    }
    if required == 0 {
        ways.push(json!({"type": "null"}));
    }
    let mut schema = Map::new();
    if ways.is_empty() {
        schema = whole;
    } else {
        ways.push(Json::Object(whole));
        schema.insert("anyOf".to_owned(), Json::Array(ways));
    }
    values::described(&mut schema, spec.about);
    Json::Object(schema)
}

/// A mapping with the nodes that may stand in it.
fn object(known: &'static [Child], definitions: &mut Definitions, name: &str) -> Map<String, Json> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for child in known {
        let one = definitions.of(child.node, name);
        let schema = match child.times {
            Times::Optional | Times::Once => one,
            Times::Any | Times::Some => json!({
                "description": crate::spec::say(crate::diag::Language::Yaml, child.node.about),
                "anyOf": [one, {"type": "array", "items": one}],
            }),
        };
        properties.insert(child.node.name.to_owned(), schema);
        if matches!(child.times, Times::Once | Times::Some) {
            required.push(json!(child.node.name));
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Json::Object(properties));
    schema.insert("required".to_owned(), Json::Array(required));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// Puts the node's own values in front of its children.
fn fields(spec: &NodeSpec, schema: &mut Map<String, Json>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (at, field) in spec.args.iter().enumerate() {
        let repeated = spec.repeat_last && at + 1 == spec.args.len();
        let one = values::field(field);
        let value = if repeated {
            json!({"anyOf": [one, values::list(field)]})
        } else {
            one
        };
        properties.insert(field.name.to_owned(), value);
    }
    properties.extend(
        spec.props
            .iter()
            .map(|field| (field.name.to_owned(), values::field(field))),
    );
    if spec.labels {
        properties.insert(LABELS.to_owned(), values::labels(spec));
    }
    required.extend(
        spec.args
            .iter()
            .chain(spec.props)
            .filter(|field| field.required)
            .map(|field| json!(field.name)),
    );
    if let Some(Json::Object(children)) = schema.get_mut("properties") {
        properties.append(children);
        *children = properties;
    }
    if let Some(Json::Array(children)) = schema.get_mut("required") {
        required.append(children);
        *children = required;
    }
}
