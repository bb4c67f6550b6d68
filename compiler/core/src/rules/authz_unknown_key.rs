use super::Context;
use crate::diag::{Diagnostic, Fix, Sink, Spanned, certainly, code, did_you_mean, list};
use crate::spec::decl::{Attribute, BadKey};

/// `when` asks for attributes that Istio knows.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let rules = context.spec.access().flat_map(|access| &access.decl.rules);
    for when in rules.flat_map(|rule| &rule.when) {
        match Attribute::parse(&when.key.value) {
            Ok(_) => {}
            Err(BadKey::Brackets) => sink.push(brackets(&when.key)),
            Err(BadKey::Unknown) => sink.push(unknown(&when.key)),
        }
    }
}

fn brackets(key: &Spanned<String>) -> Diagnostic {
    let name = key.value.split('[').next().unwrap_or_default();
    let example = match name {
        "request.headers" => "request.headers[x-tenant]",
        "request.auth.claims" => "request.auth.claims[realm][roles]",
        _ => "experimental.envoy.filters.network.mysql_proxy[db.table]",
    };
    let message = format!("`{name}` needs a name in brackets, found \"{}\"", key.value);
    Diagnostic::new(&code::AUTHZ_UNKNOWN_KEY, key.span, message)
        .help(format!("write it as in `when \"{example}\" …`"))
}

fn unknown(key: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is no attribute that rules can ask for", key.value);
    let found = Diagnostic::new(&code::AUTHZ_UNKNOWN_KEY, key.span, message);
    if let Some(instead) = instead(&key.value) {
        return found.help(instead);
    }
    let (name, rest) = key.value.split_at(key.value.find('[').unwrap_or(key.value.len()));
    // What has a name in brackets is not right without.
    let rest = |near: &str| match (rest, Attribute::parse(near)) {
        ("", Err(BadKey::Brackets)) => "[NAME]".to_owned(),
        (rest, _) => rest.to_owned(),
    };
    match did_you_mean(name, Attribute::names()) {
        Some(near) => found
            .here(format!("did you mean `{near}{}`?", rest(near)))
            .help(format!("write `{near}{}`", rest(near)))
            .fix(
                certainly(name, Attribute::names())
                    .filter(|_| !rest(near).contains("NAME"))
                    .map(|near| Fix::rename(key.span, &key.value, &format!("{near}{}", rest(near)))),
            ),
        None => found.help(format!("write {}", list(Attribute::names()))),
    }
}

/// Attributes of older Istios, and those that people wish for.
fn instead(key: &str) -> Option<&'static str> {
    let name = key.split('[').next().unwrap_or_default();
    Some(match name {
        "destination.namespace" => "write the rule in the `namespace` that it is about",
        "destination.labels" | "destination.name" => "write the rule in the `service` that it is about",
        "destination.user" => "write the rule in the `service` that runs as the account",
        "request.method" => "write `methods=`",
        "request.path" | "request.url_path" => "write `paths=`",
        "request.host" => "write `hosts=`",
        "source.user" => "write `from=`, or `when source.principal`",
        _ if name.starts_with("request.time") => {
            "Istio knows no time of day: let the application decide, or another release of the spec"
        }
        _ => return None,
    })
}
