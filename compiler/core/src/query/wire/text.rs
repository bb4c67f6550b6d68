//! Texts compared (Envoy `StringMatcher`).

use mesh_wire::matcher::StringMatch;
use regex::Regex;

/// `text` is what `wanted` asks for. An expression that nothing can compile matches nothing; the checker refuses it.
pub(super) fn matches(wanted: &StringMatch, text: &str) -> bool {
    match wanted {
        StringMatch::Exact(wanted) => text == wanted,
        StringMatch::Prefix(wanted) => text.starts_with(wanted.as_str()),
        StringMatch::Suffix(wanted) => text.ends_with(wanted.as_str()),
        StringMatch::Contains(wanted) => text.contains(wanted.as_str()),
        StringMatch::Regex(pattern) => whole(pattern, text),
        StringMatch::IgnoreCase(inner) => matches(&lower(inner), &text.to_ascii_lowercase()),
    }
}

/// `pattern` matches the whole of `text`.
pub(super) fn whole(pattern: &str, text: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
}

/// The same for texts in lower case; expressions are not touched but told to ignore case.
fn lower(wanted: &StringMatch) -> StringMatch {
    match wanted {
        StringMatch::Exact(text) => StringMatch::Exact(text.to_ascii_lowercase()),
        StringMatch::Prefix(text) => StringMatch::Prefix(text.to_ascii_lowercase()),
        StringMatch::Suffix(text) => StringMatch::Suffix(text.to_ascii_lowercase()),
        StringMatch::Contains(text) => StringMatch::Contains(text.to_ascii_lowercase()),
        StringMatch::Regex(pattern) => StringMatch::Regex(format!("(?i:{pattern})")),
        StringMatch::IgnoreCase(inner) => lower(inner),
    }
}

/// What is asked for, for people.
pub(super) fn describe(wanted: &StringMatch) -> String {
    match wanted {
        StringMatch::Exact(text) => format!("`{text}`"),
        StringMatch::Prefix(text) => format!("`{text}*`"),
        StringMatch::Suffix(text) => format!("`*{text}`"),
        StringMatch::Contains(text) => format!("`*{text}*`"),
        StringMatch::Regex(pattern) => format!("the expression `{pattern}`"),
        StringMatch::IgnoreCase(inner) => describe(inner),
    }
}
