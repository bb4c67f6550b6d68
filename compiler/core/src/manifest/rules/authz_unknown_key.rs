use super::index::Index;
use super::policy::{policies, rules};
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean, list};
use crate::spec::decl::{Attribute, BadKey};
use crate::syntax::Datum;

/// `when` asks for attributes that Istio knows.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for rule in policies(index).flat_map(rules) {
        for key in rule
            .at(&["when"])
            .map_or(&[][..], Datum::items)
            .iter()
            .filter_map(|when| when.field_text("key"))
        {
            match Attribute::parse(&key.value) {
                Ok(_) => {}
                Err(BadKey::Brackets) => {
                    let message = format!("`{}` needs a name in brackets", key.value);
                    sink.push(
                        Diagnostic::new(&code::AUTHZ_UNKNOWN_KEY, key.span, message)
                            .help("write it as in `request.headers[x-tenant]`"),
                    );
                }
                Err(BadKey::Unknown) => sink.push(unknown(&key)),
            }
        }
    }
}

fn unknown(key: &Spanned<String>) -> Diagnostic {
    let message = format!("Istio knows no attribute `{}`, and refuses the policy", key.value);
    let found = Diagnostic::new(&code::AUTHZ_UNKNOWN_KEY, key.span, message);
    if let Some(instead) = instead(&key.value) {
        return found.help(instead);
    }
    let name = key.value.split('[').next().unwrap_or_default();
    match did_you_mean(name, Attribute::names()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None => found.help(format!("write {}", list(Attribute::names()))),
    }
}

/// Attributes of older Istios, and those that people wish for.
fn instead(key: &str) -> Option<&'static str> {
    Some(match key.split('[').next().unwrap_or_default() {
        "destination.namespace" => "put the policy into that namespace",
        "destination.labels" | "destination.name" | "destination.user" => {
            "write a `selector` for the workloads"
        }
        "request.method" => "write `to.operation.methods`",
        "request.path" | "request.url_path" => "write `to.operation.paths`",
        "request.host" => "write `to.operation.hosts`",
        "source.user" => "write `from.source.principals`",
        name if name.starts_with("request.time") => {
            "Istio knows no time of day: let the application decide, or replace the policy by the clock"
        }
        _ => return None,
    })
}
