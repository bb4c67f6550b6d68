use super::{json, kdl, yaml};
use crate::diag::Language;

/// `text` as a value of `language`, with quotes where it needs them.
pub fn word(text: &str, language: Language) -> String {
    match language {
        Language::Kdl => kdl::word(text),
        Language::Yaml => yaml::word(text),
        Language::Json => json::quoted(text),
    }
}
