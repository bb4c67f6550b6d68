use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::{Service, takes_in};
use crate::spec::decl::Routed;

/// The names of a route for TLS become hosts of its VirtualService. Istio takes no list in which one takes in another
/// (`ValidateVirtualService`), and one that takes in the host of another service takes its connections too.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for owner in context.spec.routed() {
        let namespace = &owner.namespace.name.value;
        let Some(own) = context.mesh.service(namespace, &owner.name.value) else {
            continue;
        };
        for name in names(&owner).filter(|name| !takes_in(&own.host, &name.value)) {
            let mut others = context.mesh.services.iter();
            if takes_in(&name.value, &own.host) {
                report(name, own, "so that the two overlap, which Istio refuses", sink);
            } else if let Some(other) = others.find(|other| takes_in(&name.value, &other.host)) {
                report(name, other, "whose connections would take this route", sink);
            }
        }
    }
}

fn names<'a>(owner: &Routed<'a>) -> impl Iterator<Item = &'a Spanned<String>> {
    let matches = owner.routes.iter().flat_map(|route| &route.matches);
    matches
        .filter_map(|matching| matching.sni.as_ref())
        .flat_map(|list| &list.value)
}

fn report(name: &Spanned<String>, service: &Service, why: &str, sink: &mut Sink) {
    let message = format!("`{}` takes in `{}`", name.value, service.host);
    let known = format!("the host of `{}`, {why}", service.name);
    sink.push(
        Diagnostic::new(&code::SNI_OVERLAP, name.span, message)
            .here(known)
            .help("name the hosts that are meant one by one, or write the route at that service"),
    );
}
