//! How texts and headers are matched (Envoy `type.matcher.v3`).

use mesh_wire::matcher::{HeaderMatch, StringMatch};
use serde_json::{Value, json};

/// A `StringMatcher`.
pub(super) fn string(matches: &StringMatch) -> Value {
    match matches {
        StringMatch::Exact(text) => json!({ "exact": text }),
        StringMatch::Prefix(text) => json!({ "prefix": text }),
        StringMatch::Suffix(text) => json!({ "suffix": text }),
        StringMatch::Contains(text) => json!({ "contains": text }),
        StringMatch::Regex(pattern) => json!({ "safe_regex": { "regex": pattern } }),
        StringMatch::IgnoreCase(inner) => {
            let mut matcher = string(inner);
            matcher["ignore_case"] = true.into();
            matcher
        }
    }
}

/// A `HeaderMatcher`.
pub(super) fn header(matches: &HeaderMatch) -> Value {
    let mut matcher = json!({ "name": matches.name, "invert_match": matches.invert });
    match &matches.value {
        Some(value) => matcher["string_match"] = string(value),
        None => matcher["present_match"] = true.into(),
    }
    matcher
}

/// A `QueryParameterMatcher`.
pub(super) fn query(matches: &HeaderMatch) -> Value {
    match &matches.value {
        Some(value) => json!({ "name": matches.name, "string_match": string(value) }),
        None => json!({ "name": matches.name, "present_match": true }),
    }
}
