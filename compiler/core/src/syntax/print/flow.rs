use super::{json, yaml};
use crate::diag::Language;
use crate::syntax::{Datum, Entry, Kind};

/// The entries on one line, as they stand inside of a text of `language`: `port: 8080, protocol: http`.
pub fn flow(entries: &[Entry], language: Language) -> String {
    let entries: Vec<_> = entries.iter().map(|entry| one(entry, language)).collect();
    entries.join(", ")
}

fn one(entry: &Entry, language: Language) -> String {
    let key = &entry.key.value;
    match language {
        Language::Json => format!("{}: {}", json::quoted(key), inline(&entry.value)),
        _ => format!("{key}: {}", yaml::inline(&entry.value)),
    }
}

/// JSON on one line.
fn inline(datum: &Datum) -> String {
    match &datum.kind {
        Kind::Scalar(scalar) => json::value(scalar),
        Kind::List(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Mapping(entries) => format!("{{{}}}", flow(entries, Language::Json)),
    }
}
