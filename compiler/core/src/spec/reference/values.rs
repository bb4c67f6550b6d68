use serde_json::{Map, Value as Json, json};

use super::said;
use crate::diag::{Language, Span};
use crate::spec::schema::Field;
use crate::spec::speech::say;
use crate::spec::{Ty, schema::NodeSpec};
use crate::syntax::{Scalar, Value};

/// Whole texts that stand for a parameter, and texts with one in them, fit everywhere.
const PARAMETER: &str = r"\$";

/// The schema of a value.
pub(super) fn field(field: &Field) -> Json {
    let mut schema = of(field.ty);
    described(&mut schema, field.about);
    if let Some(default) = said::default(field) {
        schema.insert("default".to_owned(), plain(&default));
    }
    Json::Object(schema)
}

/// The values of an argument that may be repeated.
pub(super) fn list(field: &Field) -> Json {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("array"));
    schema.insert("items".to_owned(), Json::Object(of(field.ty)));
    described(&mut schema, field.about);
    Json::Object(schema)
}

/// Labels: their values are texts.
pub(super) fn labels(spec: &NodeSpec) -> Json {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!({"type": "string"}));
    let about = if spec.only_labels() { spec.about } else { "Labels." };
    described(&mut schema, about);
    Json::Object(schema)
}

pub(super) fn described(schema: &mut Map<String, Json>, about: &str) {
    schema.insert("description".to_owned(), json!(say(Language::Yaml, about)));
}

fn plain(scalar: &Scalar) -> Json {
    match scalar {
        Scalar::Text(text) => json!(text),
        Scalar::Integer(number) => json!(i64::try_from(*number).unwrap_or_default()),
        Scalar::Bool(value) => json!(value),
        _ => Json::Null,
    }
}

fn of(ty: Ty) -> Map<String, Json> {
    match ty {
        Ty::Word(words) => one_of(vec![
            json!({"enum": words}),
            json!({"type": "string", "pattern": PARAMETER}),
        ]),
        Ty::Number(numbers) => one_of(vec![
            json!({"enum": numbers}),
            json!({"type": "string", "pattern": PARAMETER}),
        ]),
        Ty::PortsOr(words) | Ty::CidrsOr(words) => {
            one_of(vec![json!({"enum": words}), Json::Object(typed(ty))])
        }
        _ => typed(ty),
    }
}

fn one_of(schemas: Vec<Json>) -> Map<String, Json> {
    let mut schema = Map::new();
    schema.insert("anyOf".to_owned(), Json::Array(schemas));
    schema
}

/// What kinds of values the type takes is asked from the type itself.
fn typed(ty: Ty) -> Map<String, Json> {
    let takes = |scalar: Scalar| {
        ty.read(&Value {
            scalar,
            span: Span::default(),
        })
        .is_ok()
    };
    // A port, and a status, among others.
    let mut numbers: Vec<i128> = vec![0, 1, 80, 503];
    if let Ty::Count { min, .. } = ty {
        numbers.push(min.into());
    }
    let integer = numbers.into_iter().any(|number| takes(Scalar::Integer(number)));
    let mut single = Vec::new();
    if integer {
        single.push("integer");
    }
    if takes(Scalar::Float("0.5".to_owned())) {
        single.push("number");
    }
    if takes(Scalar::Bool(true)) {
        single.push("boolean");
    }
    single.push("string");
    let mut schema = Map::new();
    let mut kinds = single.clone();
    if ty.is_list() {
        kinds.push("array");
        schema.insert("items".to_owned(), json!({"type": single}));
    }
    schema.insert(
        "type".to_owned(),
        if kinds.len() == 1 {
            json!("string")
        } else {
            json!(kinds)
        },
    );
    let (min, max) = match ty {
        Ty::Count { min, max } => (min, max),
        Ty::Port | Ty::Ports | Ty::PortsOr(_) => (1, 65535),
        _ => (0, 0),
    };
    if max > 0 {
        schema.insert("minimum".to_owned(), json!(min));
        schema.insert("maximum".to_owned(), json!(max));
    }
    if let Some(pattern) = pattern(ty) {
        schema.insert("pattern".to_owned(), json!(format!("{PARAMETER}{pattern}")));
        // Known to the editors; without it they show the pattern.
        schema.insert(
            "patternErrorMessage".to_owned(),
            json!(say(Language::Yaml, &format!("expected {}", ty.describe()))),
        );
    }
    schema
}

/// The texts of a type, as far as a pattern tells them, behind those with a parameter.
fn pattern(ty: Ty) -> Option<&'static str> {
    Some(match ty {
        // No text but a parameter.
        Ty::Bool | Ty::Count { .. } | Ty::Port => "",
        Ty::Name => "|^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        Ty::ServiceName => "|^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$",
        Ty::PortName => "|^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$",
        Ty::Version => r"|^[0-9]+\.[0-9]+(\.[0-9]+)?$",
        Ty::Duration | Ty::Seconds => "|^([0-9]+(ms|s|m|h))+$",
        Ty::Percent | Ty::Share => r"|^[0-9]+(\.[0-9]+)?%$",
        Ty::Path => "|^/",
        _ => return None,
    })
}
