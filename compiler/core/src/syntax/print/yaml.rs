use super::json::quoted;
use crate::syntax::{Comments, Datum, Kind, Scalar};

/// The data as YAML: mappings and lists as blocks, two spaces a level.
pub fn yaml(datum: &Datum) -> String {
    yaml_with(datum, &mut Comments::default())
}

/// The same with comments, each on a line before what it is of.
pub fn yaml_with(datum: &Datum, comments: &mut Comments) -> String {
    let mut text = String::new();
    match &datum.kind {
        Kind::Mapping(entries) if !entries.is_empty() => block(datum, 0, comments, &mut text),
        Kind::List(items) if !items.is_empty() => block(datum, 0, comments, &mut text),
        _ => text = inline(datum) + "\n",
    }
    note(&comments.rest(), "", &mut text);
    text
}

/// The cursor stands behind `indent`, and does so afterwards.
fn note(comments: &[String], indent: &str, text: &mut String) {
    for comment in comments {
        text.push_str(format!("# {comment}").trim_end());
        text.push('\n');
        text.push_str(indent);
    }
}

/// What is to be told before an entry: all of its value, if that is written on the same line.
fn before(datum: &Datum, comments: &mut Comments) -> Vec<String> {
    match &datum.kind {
        _ if is_inline(datum) => comments.take_all(datum),
        Kind::Mapping(_) => comments.take(datum.span.start),
        _ => Vec::new(),
    }
}

/// What is to be told before an item of a list, whose first entry is written on the same line.
fn before_item(item: &Datum, comments: &mut Comments) -> Vec<String> {
    let mut all = before(item, comments);
    if let Kind::Mapping(entries) = &item.kind {
        all.extend(
            entries
                .first()
                .into_iter()
                .flat_map(|entry| before(&entry.value, comments)),
        );
    }
    all
}

fn is_inline(datum: &Datum) -> bool {
    match &datum.kind {
        Kind::Scalar(_) => true,
        Kind::List(items) => items.iter().all(|item| matches!(item.kind, Kind::Scalar(_))),
        Kind::Mapping(entries) => entries.is_empty(),
    }
}

/// A mapping or a list that is not empty; the cursor stands where its first line begins.
fn block(datum: &Datum, depth: usize, comments: &mut Comments, text: &mut String) {
    let indent = "  ".repeat(depth);
    match &datum.kind {
        Kind::Mapping(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 {
                    text.push_str(&indent);
                }
                note(&before(&entry.value, comments), &indent, text);
                text.push_str(&word(&entry.key.value));
                text.push(':');
                match &entry.value.kind {
                    Kind::Scalar(Scalar::Null) => text.push('\n'),
                    _ if is_inline(&entry.value) => text.push_str(&format!(" {}\n", inline(&entry.value))),
                    _ => {
                        text.push('\n');
                        text.push_str(&"  ".repeat(depth + 1));
                        block(&entry.value, depth + 1, comments, text);
                    }
                }
            }
        }
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(&indent);
                }
                note(&before_item(item, comments), &indent, text);
                text.push_str("- ");
                match &item.kind {
                    Kind::Mapping(entries) if !entries.is_empty() => block(item, depth + 1, comments, text),
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
