use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean, list};
use crate::model::{Caller, ROOT_NAMESPACE, resolve_caller};

/// Whoever is allowed exists.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for access in context.spec.access() {
        let home = access.namespace.map_or(ROOT_NAMESPACE, |home| &home.name.value);
        for from in access.decl.rules.iter().flat_map(|rule| rule.from.named()) {
            look(from, home, context, sink);
        }
    }
}

fn look(from: &Spanned<String>, home: &str, context: Context<'_>, sink: &mut Sink) {
    let new = |message: String| Diagnostic::new(&code::PRINCIPAL_NONEXISTENT, from.span, message);
    let found = match resolve_caller(&from.value, home, context.spec) {
        Caller::Known(_) => return,
        Caller::External(place) => new(format!(
            "`{}` lies outside the mesh and cannot call into it",
            from.value
        ))
        .here("it has no identity")
        .label(place, "declared here")
        .help("allow a service or an account of the mesh"),
        Caller::Foreign(_) if !from.value.contains('/') => new(format!(
            "`{}` names no namespace, and the mesh is none",
            from.value
        ))
        .help(format!("write \"NAMESPACE/{}\"", from.value)),
        Caller::Foreign(_) => {
            let namespace = from.value.split('/').next().unwrap_or_default();
            let known = context
                .spec
                .namespaces
                .iter()
                .map(|namespace| namespace.name.value.as_str());
            let found = new(format!(
                "the spec has no namespace `{namespace}`: this allows somebody unseen"
            ))
            .warning();
            match did_you_mean(namespace, known) {
                Some(near) => found.here(format!("did you mean `{near}`?")),
                None => found,
            }
            .help(format!(
                "if it is right, declare it: `namespace {namespace} {{ account … }}`"
            ))
        }
        // The one that is meant may be the one that is misspelt.
        Caller::Unknown { namespace, .. } if damaged(&namespace, context) => return,
        Caller::Unknown { namespace, known } => unknown(from, &namespace, &known, home, context),
    };
    sink.push(found);
}

fn damaged(name: &str, context: Context<'_>) -> bool {
    context
        .spec
        .namespaces
        .iter()
        .any(|namespace| namespace.name.value == name && namespace.damaged)
}

fn unknown(
    from: &Spanned<String>,
    namespace: &str,
    known: &[String],
    home: &str,
    context: Context<'_>,
) -> Diagnostic {
    let name = from.value.rsplit('/').next().unwrap_or_default();
    let message = format!("`{name}` is no service and no account of namespace `{namespace}`");
    let found = Diagnostic::new(&code::PRINCIPAL_NONEXISTENT, from.span, message);
    let elsewhere = context.spec.services().find(|(other, service)| {
        other.name.value != home && service.name.value == name && !from.value.contains('/')
    });
    let near = did_you_mean(name, known.iter().map(String::as_str));
    match (elsewhere, near) {
        (Some((other, service)), _) => found
            .label(
                service.name.span,
                format!("there is one in `{}`", other.name.value),
            )
            .help(format!("write \"{}/{name}\"", other.name.value)),
        (None, Some(near)) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or declare `account {name}`")),
        (None, None) => found.help(format!(
            "write {}, or declare `account {name}` in the namespace",
            list(known.iter().map(String::as_str))
        )),
    }
}
