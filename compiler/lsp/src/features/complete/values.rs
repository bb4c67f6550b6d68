//! Values that the language itself knows.

use mesh_compiler::diag::{Code, Language, code};
use mesh_compiler::rules;
use mesh_compiler::spec::Ty;
use mesh_compiler::spec::reference::brief;
use mesh_compiler::spec::schema::Field;

use super::{Completion, Context, Insert, Offer, Part};

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const TIMES: &[&str] = &["1s", "5s", "10s", "30s", "1m", "5m", "1h"];
const SHARES: &[&str] = &["1%", "5%", "10%", "50%", "100%"];
const RETRIES: &[&str] = &[
    "5xx",
    "gateway-error",
    "reset",
    "connect-failure",
    "refused-stream",
    "retriable-4xx",
    "unavailable",
    "503",
];

pub(super) fn offers(context: &Context<'_>, field: &'static Field, part: &Part) -> Vec<Offer> {
    let default = brief::default(field);
    let offer = |word: &str| {
        let is_default = default.as_deref() == Some(word);
        let detail = if is_default { "if nothing is said" } else { "" };
        context.offer(word, Completion::Value, detail, part)
    };
    let mut words: Vec<&str> = match field.ty {
        Ty::Word(words) | Ty::PortsOr(words) | Ty::CidrsOr(words) => words.to_vec(),
        Ty::Bool => return yes_or_no(context, part),
        Ty::Number(numbers) => {
            let offers = numbers
                .iter()
                .map(|number| keyword(context, &number.to_string(), part));
            return offers.collect();
        }
        Ty::Duration | Ty::Seconds => TIMES.to_vec(),
        Ty::Percent | Ty::Share => SHARES.to_vec(),
        Ty::Methods | Ty::MethodPatterns => METHODS.to_vec(),
        Ty::RetryOn => RETRIES.to_vec(),
        _ => Vec::new(),
    };
    if let Some(default) = default.as_deref().filter(|default| !words.contains(default)) {
        words.insert(0, default);
    }
    words.into_iter().map(offer).collect()
}

fn yes_or_no(context: &Context<'_>, part: &Part) -> Vec<Offer> {
    let words = match context.language {
        Language::Kdl => ["#true", "#false"],
        Language::Yaml | Language::Json => ["true", "false"],
    };
    words.map(|word| keyword(context, word, part)).into()
}

/// A value that never has quotes.
fn keyword(context: &Context<'_>, word: &str, part: &Part) -> Offer {
    Offer {
        insert: Insert::Text(word.to_owned()),
        ..context.offer(word, Completion::Value, "", part)
    }
}

/// Codes of the compiler by their slugs, which say what they are.
pub(super) fn codes(context: &Context<'_>, part: &Part) -> Vec<Offer> {
    let offer = |code: &&Code| Offer {
        about: rules::page(code).unwrap_or(code.about).to_owned(),
        ..context.offer(code.slug, Completion::Value, code.id, part)
    };
    code::ALL.iter().map(offer).collect()
}
