//! What istiod could say, as protobuf's JSON.

use mesh_xds::{Response, Translation, translate};
use serde_json::{Value, json};

pub(crate) fn translated(resources: Value) -> Translation {
    translate([Response::from_json(&json!({ "resources": resources })).unwrap()])
}

/// Of an extension or a resource.
pub(crate) fn typed(kind: &str, mut value: Value) -> Value {
    value["@type"] = json!(format!("type.googleapis.com/{kind}"));
    value
}

pub(crate) fn told(translation: &Translation) -> Vec<String> {
    translation.unsupported.iter().map(ToString::to_string).collect()
}

pub(crate) const NONE: [&str; 0] = [];
