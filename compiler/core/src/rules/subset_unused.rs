use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::Routed;

/// A version of a service gets requests by routes alone: without one, what it says of them holds for nobody. Objects that
/// are written by hand may lead to it too. One that says nothing may be waiting for its turn.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    if sink.has_errors() || !context.spec.raw.is_empty() {
        return;
    }
    let used: BTreeSet<_> = context.spec.routed().flat_map(|owner| targets(&owner)).collect();
    for owner in context.spec.routed() {
        let home = (owner.namespace.name.value.clone(), owner.name.value.clone());
        for subset in owner.subsets {
            let name = subset.name.value.as_str();
            let says = !subset.traffic.is_empty() || !subset.ports.is_empty();
            if !says || used.contains(&(home.0.clone(), home.1.clone(), name.to_owned())) {
                continue;
            }
            let message = format!("what the subset `{name}` of `{}` says holds for nobody", home.1);
            sink.push(
                Diagnostic::new(&code::SUBSET_UNUSED, subset.name.span, message)
                    .here("no route leads here")
                    .help(format!("write `route {{ to {name} }}`, or leave it out"))
                    .note("without a route, callers go to all workloads of the service, as the service itself says"),
            );
        }
    }
}

/// Namespace, service and subset that the routes of a service lead to, copies too.
fn targets(owner: &Routed<'_>) -> Vec<(String, String, String)> {
    let home = owner.namespace.name.value.as_str();
    let all = owner
        .routes
        .iter()
        .flat_map(|route| route.to.iter().chain(&route.mirrors));
    all.filter_map(|target| {
        let subset = target.subset.as_ref()?;
        let service = target
            .service
            .as_ref()
            .map_or(owner.name.value.as_str(), |named| named.value.as_str());
        let (of, service) = service.split_once('/').unwrap_or((home, service));
        Some((of.to_owned(), service.to_owned(), subset.value.clone()))
    })
    .collect()
}
