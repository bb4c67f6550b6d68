//! Who is let in, as far as rules say it by names.

use super::Context;
use crate::model::{Action, Rule, Service, Source};

/// The rules that open a service: its own, its namespace's and the mesh's. Without any it is open to all.
pub(super) fn opening<'a>(service: &'a Service, context: Context<'a>) -> Vec<&'a Rule> {
    let namespace = context.mesh.namespaces.get(&service.namespace);
    let places = [
        Some(&service.access),
        namespace.map(|namespace| &namespace.access),
        Some(&context.mesh.access),
    ];
    places
        .into_iter()
        .flatten()
        .flat_map(|access| access.enforced(Action::Allow))
        .collect()
}

/// Whether the account may be meant by a rule, whatever else that asks.
pub(super) fn lets_in(rule: &Rule, namespace: &str, account: &str) -> bool {
    let is = |source: &Source| match source {
        Source::Account {
            namespace: of,
            account: name,
        } => of == namespace && name == account,
        Source::Namespace(of) => of == namespace,
        Source::Everybody => true,
        Source::Identity(identity) => {
            identity.ends_with('*') || identity.ends_with(&format!("/ns/{namespace}/sa/{account}"))
        }
    };
    rule.from.any.is_empty() || rule.from.any.iter().any(is)
}
