use super::telemetry::collector;
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean, list};
use crate::model::{Authorizer, HttpAuthorizer, Mesh};
use crate::spec::decl::{AuthorizerDecl, RuleDecl, Spec};

/// Looks up the authorizers of the mesh, and those that rules ask.
pub(super) fn fill(mesh: &mut Mesh, spec: &Spec, sink: &mut Sink) {
    let decls = || spec.mesh.iter().flat_map(|mesh| &mesh.authorizers);
    for decl in decls() {
        let place = decl.http.as_ref().or(decl.grpc.as_ref());
        let place = place.and_then(|place| collector(place, mesh, sink));
        if let Some(place) = place {
            let authorizer = Authorizer {
                place,
                http: decl.http.as_ref().map(|_| http(decl)),
                timeout: decl.timeout,
                fail_open: decl.fail_open,
                status_on_error: decl.status_on_error,
                body: decl.body.map(|most| (most, decl.partial_body.unwrap_or(false))),
            };
            mesh.authorizers
                .entry(decl.name.value.clone())
                .or_insert(authorizer);
        }
    }
    let asked = spec.access().flat_map(|access| &access.decl.rules);
    for (rule, name) in asked.filter_map(|rule| Some((rule, rule.authorizer.as_ref()?))) {
        if !decls().any(|decl| decl.name.value == name.value) && !rule.damaged {
            sink.push(unknown(
                name,
                rule,
                decls().map(|decl| decl.name.value.as_str()).collect(),
            ));
        }
    }
}

fn unknown(name: &Spanned<String>, rule: &RuleDecl, known: Vec<&str>) -> Diagnostic {
    let message = format!("the mesh has no authorizer `{}`", name.value);
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
    let found = if rule.span == name.span {
        found
    } else {
        found.here("asked here")
    };
    match did_you_mean(&name.value, known.iter().copied()) {
        Some(near) => found.help(format!("write `ask {near}`")),
        None if known.is_empty() => found.help(format!(
            "declare it in `mesh`: `authorizer {} grpc=\"NAME.NAMESPACE:PORT\"`",
            name.value
        )),
        None => found.help(format!("write {}", list(known))),
    }
}

fn http(decl: &AuthorizerDecl) -> HttpAuthorizer {
    let said = &decl.of_http;
    let all = |list: &Option<Spanned<Vec<Spanned<String>>>>| {
        let names = list.iter().flat_map(|list| &list.value);
        names.map(|name| name.value.clone()).collect()
    };
    HttpAuthorizer {
        path_prefix: said.path_prefix.as_ref().map(|path| path.value.clone()),
        send: all(&said.send),
        upstream: all(&said.upstream),
        allow: all(&said.allow),
        deny: all(&said.deny),
    }
}
