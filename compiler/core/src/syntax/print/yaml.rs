use super::json::quoted;
use crate::syntax::{Datum, Kind, Scalar};

/// The data as YAML: mappings and lists as blocks, two spaces a level.
pub fn yaml(datum: &Datum) -> String {
    let mut text = String::new();
    match &datum.kind {
        Kind::Mapping(entries) if !entries.is_empty() => block(datum, 0, &mut text),
        Kind::List(items) if !items.is_empty() => block(datum, 0, &mut text),
        _ => text = inline(datum) + "\n",
    }
    text
}

/// A mapping or a list that is not empty; the cursor stands where its first line begins.
fn block(datum: &Datum, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match &datum.kind {
        Kind::Mapping(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 {
                    text.push_str(&indent);
                }
                text.push_str(&word(&entry.key.value));
                text.push(':');
                match &entry.value.kind {
                    Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Scalar(_))) => {
                        text.push_str(&format!(" {}\n", inline(&entry.value)));
                    }
                    Kind::Mapping(inner) if inner.is_empty() => text.push_str(" {}\n"),
                    Kind::Scalar(Scalar::Null) => text.push('\n'),
                    Kind::Scalar(_) => text.push_str(&format!(" {}\n", inline(&entry.value))),
                    _ => {
                        text.push('\n');
                        text.push_str(&"  ".repeat(depth + 1));
                        block(&entry.value, depth + 1, text);
                    }
                }
            }
        }
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(&indent);
                }
                text.push_str("- ");
                match &item.kind {
                    Kind::Mapping(entries) if !entries.is_empty() => block(item, depth + 1, text),
                    _ => text.push_str(&(inline(item) + "\n")),
                }
            }
        }
        Kind::Scalar(_) => text.push_str(&(inline(datum) + "\n")),
    }
}

/// On one line.
pub(super) fn inline(datum: &Datum) -> String {
    match &datum.kind {
        Kind::Scalar(scalar) => value(scalar),
        Kind::List(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Mapping(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|entry| format!("{}: {}", word(&entry.key.value), inline(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn value(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => word(text),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Float(number) => number.clone(),
        Scalar::Bool(value) => value.to_string(),
        _ => "null".to_owned(),
    }
}

/// Without quotes where no reader of YAML, not even one of version 1.1, takes it for something else.
pub(super) fn word(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_./*%+@~".contains(c) || c == '…';
    let other = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/…".contains(c))
        && text.chars().all(inner)
        && !other.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { escaped(text) }
}

/// A string of JSON is one of YAML, but for some characters that YAML reads only escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in quoted(text).chars() {
        match c {
            '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
