use super::Context;
use super::scope::{Place, places};
use crate::diag::{Diagnostic, Sink, Span, code, did_you_mean};
use crate::model::Access;
use crate::spec::decl::RuleDecl;

/// Rules about tokens stand where tokens are verified.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let issuers = issuers(place, context);
        for rule in place.decl.decl.rules.iter().filter(|rule| !rule.damaged) {
            if issuers.is_empty() {
                asked(rule)
                    .first()
                    .iter()
                    .for_each(|span| sink.push(missing(**span, place)));
            } else {
                foreign(rule, &issuers)
                    .into_iter()
                    .for_each(|found| sink.push(found));
            }
        }
    }
}

/// The issuers of all tokens that can reach what the place is about.
fn issuers<'a>(place: Place<'a>, context: Context<'a>) -> Vec<&'a str> {
    let inside = place.services(context).into_iter().map(|service| &service.access);
    let namespaces = context.mesh.namespaces.values();
    let below = namespaces
        .filter(|_| place.decl.namespace.is_none())
        .map(|namespace| &namespace.access);
    let of = |access: &'a Access| access.jwt.iter().map(|jwt| jwt.issuer.as_str());
    place
        .around(context)
        .into_iter()
        .chain(inside)
        .chain(below)
        .flat_map(of)
        .collect()
}

/// Where a rule asks for a token.
pub(super) fn asked(rule: &RuleDecl) -> Vec<Span> {
    let listed = [&rule.jwt.any, &rule.jwt.none].into_iter().flatten();
    let when = rule
        .when
        .iter()
        .filter(|when| when.key.value.starts_with("request.auth."));
    listed
        .map(|list| list.span)
        .chain(when.map(|when| when.key.span))
        .collect()
}

fn missing(span: Span, place: Place<'_>) -> Diagnostic {
    let message = format!(
        "no tokens are verified at {}: the condition never holds",
        place.name()
    );
    Diagnostic::new(&code::JWT_MISSING, span, message)
        .here("asks for a verified token")
        .help("write `jwt issuer=\"https://…\" jwks-uri=\"https://…\"` at the service, the namespace or the mesh")
        .note("a token that nobody verifies says nothing: anybody could have written it")
}

/// Tokens of issuers that nothing verifies.
fn foreign(rule: &RuleDecl, issuers: &[&str]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for token in rule.jwt.named().filter(|token| !token.value.starts_with('*')) {
        let Some((issuer, _)) = token.value.rsplit_once('/') else {
            let message = format!("\"{}\" is no token: expected ISSUER/SUBJECT", token.value);
            let help = match issuers.iter().find(|issuer| **issuer == token.value) {
                Some(issuer) => format!("write \"{issuer}/*\" for all of its tokens"),
                None => "write \"https://accounts.example.com/*\"".to_owned(),
            };
            found.push(Diagnostic::new(&code::JWT_MISSING, token.span, message).help(help));
            continue;
        };
        if issuers.contains(&issuer) {
            continue;
        }
        // An issuer is often an URL, whose own slashes are taken for the one before the subject.
        if issuers.contains(&token.value.as_str()) {
            let message = format!("\"{}\" is an issuer without a subject", token.value);
            let help = format!("write \"{}/*\" for all of its tokens", token.value);
            found.push(Diagnostic::new(&code::JWT_MISSING, token.span, message).help(help));
            continue;
        }
        let message = format!("no `jwt` verifies tokens of \"{issuer}\": the condition never holds");
        let diagnostic = Diagnostic::new(&code::JWT_MISSING, token.span, message);
        found.push(match did_you_mean(issuer, issuers.iter().copied()) {
            Some(near) => diagnostic.here(format!("did you mean \"{near}\"?")),
            None => diagnostic.help(format!("write `jwt issuer=\"{issuer}\" …`")),
        });
    }
    found
}
