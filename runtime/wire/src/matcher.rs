//! How a text, a header or an address is matched (Envoy `type.matcher.v3`).

use serde::{Deserialize, Serialize};

/// How a string is compared (Envoy `StringMatcher`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StringMatch {
    /// The whole text.
    Exact(String),
    /// Its beginning.
    Prefix(String),
    /// Its end.
    Suffix(String),
    /// Some part of it.
    Contains(String),
    /// The whole text by an RE2 expression.
    Regex(String),
    /// Any of these, letters compared without case.
    IgnoreCase(Box<Self>),
}

/// How a header is matched (Envoy `HeaderMatcher`). Pseudo headers `:method`, `:authority`, `:path`, `:scheme` count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeaderMatch {
    /// The header's name, lower case.
    pub name: String,
    /// What its value must be; `None` asks only that it is present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<StringMatch>,
    /// Matches where the rest does not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invert: bool,
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}
