use crate::syntax::{Datum, Kind, Scalar};

/// The data as JSON: one value a line, two spaces a level.
pub fn json(datum: &Datum) -> String {
    let mut text = String::new();
    put(datum, 0, &mut text);
    text + "\n"
}

fn put(datum: &Datum, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match &datum.kind {
        Kind::Scalar(scalar) => text.push_str(&value(scalar)),
        Kind::List(items) if items.is_empty() => text.push_str("[]"),
        Kind::Mapping(entries) if entries.is_empty() => text.push_str("{}"),
        Kind::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "\n" } else { ",\n" });
                text.push_str(&indent);
                put(item, depth + 1, text);
            }
            text.push_str(&format!("\n{end}]"));
        }
        Kind::Mapping(entries) => {
            text.push('{');
            for (at, entry) in entries.iter().enumerate() {
                text.push_str(if at == 0 { "\n" } else { ",\n" });
                text.push_str(&format!("{indent}{}: ", quoted(&entry.key.value)));
                put(&entry.value, depth + 1, text);
            }
            text.push_str(&format!("\n{end}}}"));
        }
    }
}

pub(super) fn value(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => quoted(text),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
        // What JSON has no number for is a text.
        Scalar::Float(number) => {
            let whole = serde_json::from_str::<f64>(number).is_ok();
            if whole { number.clone() } else { quoted(number) }
        }
        _ => "null".to_owned(),
    }
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
