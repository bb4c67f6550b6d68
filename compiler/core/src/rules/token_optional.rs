use super::Context;
use super::jwt_missing::asked;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{Access, JwtDecl};

/// Tokens that are there are verified; a request without one passes all the same, unless a rule asks for one. Whoever
/// only hands claims on to the application may want that.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let all: Vec<_> = context.spec.access().collect();
    for place in all.iter().filter(|place| !place.decl.jwt.is_empty()) {
        let asks = all.iter().filter(|other| meet(place, other)).any(demands);
        for jwt in place.decl.jwt.iter().filter(|jwt| !asks && !is_meant(jwt)) {
            let message = format!(
                "requests without a token of \"{}\" pass as well",
                jwt.issuer.value
            );
            sink.push(
                Diagnostic::new(&code::TOKEN_OPTIONAL, jwt.span, message)
                    .here("verifies those that are there")
                    .help("write `required=#true`, or `required=#false` if that is meant"),
            );
        }
    }
}

/// A rule asks for a token there.
fn demands(place: &Access<'_>) -> bool {
    let required = |jwt: &JwtDecl| jwt.required.as_ref().is_some_and(|required| required.value);
    place.decl.jwt.iter().any(required) || place.decl.rules.iter().any(|rule| !asked(rule).is_empty())
}

/// It is said, or the application is told of the token and may decide by itself.
fn is_meant(jwt: &JwtDecl) -> bool {
    jwt.required.is_some()
        || jwt.except.is_some()
        || jwt.forward == Some(true)
        || jwt.payload_header.is_some()
        || !jwt.claims.is_empty()
}

/// They are about the same requests somewhere.
fn meet(one: &Access<'_>, other: &Access<'_>) -> bool {
    let namespace = |place: &Access<'_>| place.namespace.map(|namespace| namespace.name.value.clone());
    let service = |place: &Access<'_>| place.service.map(|service| service.name.value.clone());
    let agree = |one: Option<String>, other: Option<String>| one.is_none() || other.is_none() || one == other;
    agree(namespace(one), namespace(other)) && agree(service(one), service(other))
}
