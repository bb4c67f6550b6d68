use mesh_wire::matcher::{HeaderMatch, StringMatch};
use serde_json::{Value, json};

/// Envoy's `StringMatcher`.
pub(super) fn text(wanted: &StringMatch) -> Value {
    match wanted {
        StringMatch::Exact(text) => json!({ "exact": text }),
        StringMatch::Prefix(text) => json!({ "prefix": text }),
        StringMatch::Suffix(text) => json!({ "suffix": text }),
        StringMatch::Contains(text) => json!({ "contains": text }),
        StringMatch::Regex(pattern) => json!({ "safe_regex": { "regex": pattern } }),
        StringMatch::IgnoreCase(inner) => without_case(inner),
    }
}

fn without_case(wanted: &StringMatch) -> Value {
    match wanted {
        // Envoy's own switch does not reach into expressions.
        StringMatch::Regex(pattern) => json!({ "safe_regex": { "regex": format!("(?i){pattern}") } }),
        StringMatch::IgnoreCase(inner) => without_case(inner),
        other => {
            let mut matcher = text(other);
            matcher["ignore_case"] = true.into();
            matcher
        }
    }
}

/// Envoy's `HeaderMatcher`.
pub(super) fn header(wanted: &HeaderMatch) -> Value {
    let mut matcher = match &wanted.value {
        Some(value) => json!({ "name": wanted.name, "string_match": text(value) }),
        None => json!({ "name": wanted.name, "present_match": true }),
    };
    if wanted.invert {
        matcher["invert_match"] = true.into();
        // Else a header that is absent matches neither way.
        if wanted.value.is_some() {
            matcher["treat_missing_header_as_empty"] = true.into();
        }
    }
    matcher
}
