use super::Context;
use super::callers::{lets_in, opening};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::Kind;

/// An account is declared so that services can allow it: one that every service shuts out is of no use.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    if sink.has_errors() {
        return;
    }
    let inside = |kind: &Kind| matches!(kind, Kind::Kubernetes { .. } | Kind::MeshInternal);
    let services = || {
        context
            .mesh
            .services
            .iter()
            .filter(|service| inside(&service.kind))
    };
    for namespace in &context.spec.namespaces {
        for account in &namespace.accounts {
            let open = services().any(|service| {
                let rules = opening(service, context);
                rules.is_empty()
                    || rules
                        .iter()
                        .any(|rule| lets_in(rule, &namespace.name.value, &account.value))
            });
            if !open && services().next().is_some() {
                let message = format!("no service lets the account `{}` in", account.value);
                sink.push(
                    Diagnostic::new(&code::ACCOUNT_UNUSED, account.span, message)
                        .here("whoever runs as it may call nothing")
                        .help(format!(
                            "write `allow from=\"{}/{}\"` where it is to call, or leave it out",
                            namespace.name.value, account.value
                        )),
                );
            }
        }
    }
}
