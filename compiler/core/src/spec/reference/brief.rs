//! The reference in small, for editors: what they show beside a word.

use std::fmt::Write as _;

use super::markdown::usage;
use super::said;
use crate::diag::Language;
use crate::spec::say;
use crate::spec::schema::{Field, NodeSpec};

/// What a node is, as Markdown in the words of `language`: how it is written, what it means, and its values.
pub fn node(spec: &NodeSpec, language: Language) -> String {
    let mut text = String::new();
    if language == Language::Kdl {
        let _ = write!(text, "```kdl\n{}\n```\n", usage(spec));
    } else {
        let _ = write!(text, "**`{}`**\n\n", spec.name);
    }
    text.push_str(&say(language, spec.about));
    text.push('\n');
    let fields: Vec<_> = spec.args.iter().chain(spec.props).collect();
    if !fields.is_empty() {
        text.push('\n');
    }
    for field in fields {
        let needed = if field.required { " (needed)" } else { "" };
        let _ = writeln!(text, "- `{}`{needed}: {}", field.name, say(language, field.about));
    }
    if spec.labels {
        text.push_str(&say(language, "\nFurther properties are labels, `key=value`.\n"));
    }
    text
}

/// What a value of the node `spec` is, as Markdown in the words of `language`.
pub fn field(spec: &NodeSpec, field: &Field, language: Language) -> String {
    let needed = if field.required { ", needed" } else { "" };
    let what = field.ty.describe();
    let text = format!(
        "**`{}`** of `{}`: {what}{needed}\n\n{}\n",
        field.name, spec.name, field.about
    );
    say(language, &text)
}

/// What holds where `field` is not written, as it would be written, if the table tells it.
pub fn default(field: &Field) -> Option<String> {
    said::default(field).map(|value| value.to_string())
}
