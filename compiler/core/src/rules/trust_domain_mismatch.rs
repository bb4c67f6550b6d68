use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean};
use crate::spec::decl::{RuleDecl, WhenDecl};

/// What Istio reads as the mesh's own trust domain in identities, whatever it is called.
const OWN: &str = "cluster.local";

/// Identities that rules name lie in a trust domain of the mesh: no other gets through mutual TLS.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let rules = context.spec.access().flat_map(|access| &access.decl.rules);
    for rule in rules {
        callers(rule, context, sink);
        rule.when.iter().for_each(|when| attribute(when, context, sink));
    }
}

fn callers(rule: &RuleDecl, context: Context<'_>, sink: &mut Sink) {
    for from in rule.from.named() {
        let identity = from.value.strip_prefix("spiffe://");
        if let Some((domain, _)) = identity.and_then(|identity| identity.split_once('/'))
            && domain != OWN
        {
            look(domain, from, context, sink);
        }
    }
}

fn attribute(when: &WhenDecl, context: Context<'_>, sink: &mut Sink) {
    for value in when.values() {
        let domain = match when.key.value.as_str() {
            "source.trustDomain" => value.value.as_str(),
            "source.principal" => match value.value.split_once("/ns/") {
                Some((domain, _)) if domain != OWN => domain,
                _ => continue,
            },
            _ => continue,
        };
        if !domain.contains('*') {
            look(domain, value, context, sink);
        }
    }
}

fn look(domain: &str, place: &Spanned<String>, context: Context<'_>, sink: &mut Sink) {
    let mesh = context.mesh;
    let known = || std::iter::once(&mesh.trust_domain).chain(&mesh.trust_domain_aliases);
    if known().any(|own| own == domain) {
        return;
    }
    let message = format!("the mesh does not trust `{domain}`: nobody who comes from there gets in");
    let found = Diagnostic::new(&code::TRUST_DOMAIN_MISMATCH, place.span, message)
        .label(mesh.span, format!("its trust domain is `{}`", mesh.trust_domain));
    sink.push(match did_you_mean(domain, known().map(String::as_str)) {
        Some(near) => found.here(format!("did you mean `{near}`?")),
        None => found.help(format!(
            "write `trust-domain-alias {domain}` in `mesh` if it is another name of yours"
        )),
    });
}
