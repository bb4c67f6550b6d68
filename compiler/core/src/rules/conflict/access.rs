//! Of rules and tokens.

use std::collections::BTreeSet;

use super::both;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::ROOT_NAMESPACE;
use crate::rules::Context;
use crate::rules::scope::places;
use crate::spec::decl::{Access, Action, AuthorizerDecl, JwtDecl, JwtFromDecl, RuleDecl};

pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for access in context.spec.access() {
        access.decl.rules.iter().for_each(|rule| dry_audit(rule, sink));
        access.decl.rules.iter().for_each(|rule| asks_who(rule, sink));
        for jwt in &access.decl.jwt {
            keys(jwt, sink);
            exception(jwt, sink);
            jwt.from
                .iter()
                .filter(|from| !from.damaged)
                .for_each(|from| one_place(from, sink));
        }
        root(access, sink);
    }
    one_mode(context, sink);
    for authorizer in context.spec.mesh.iter().flat_map(|mesh| &mesh.authorizers) {
        one_protocol(authorizer, sink);
    }
    one_authorizer(context, sink);
}

/// An authorizer is asked before Istio knows who calls.
fn asks_who(rule: &RuleDecl, sink: &mut Sink) {
    if rule.action != Action::Ask {
        return;
    }
    let who = [
        "source.namespace",
        "source.serviceAccount",
        "source.trustDomain",
        "source.principal",
    ];
    let asked = |key: &str| who.contains(&key) || key.starts_with("request.auth.");
    for when in rule.when.iter().filter(|when| asked(&when.key.value)) {
        let help = "leave the condition out: the authorizer learns who calls, and decides by it";
        sink.push(both((when.key.span, "this `when`"), (rule.span, "`ask`"), help));
    }
}

fn one_protocol(authorizer: &AuthorizerDecl, sink: &mut Sink) {
    match (&authorizer.grpc, &authorizer.http) {
        (Some(grpc), Some(http)) => {
            let help = "an authorizer answers by one of them: declare another for the other";
            sink.push(both((http.span, "`http=`"), (grpc.span, "`grpc=`"), help));
        }
        (None, None) if !authorizer.damaged => sink.push(
            Diagnostic::new(
                &code::MISSING,
                authorizer.span,
                "nothing says where this authorizer answers",
            )
            .help("write `grpc=\"NAME.NAMESPACE:PORT\"`, or `http=`"),
        ),
        (Some(grpc), None) => {
            for (name, span) in authorizer.of_http.said() {
                let help = "by gRPC an authorizer gets all headers, and says itself what to change";
                sink.push(both((span, name), (grpc.span, "`grpc=`"), help));
            }
        }
        _ => {}
    }
}

/// Istio lets one authorizer decide about a workload, and refuses everything where several would.
fn one_authorizer(context: Context<'_>, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for place in places(context) {
        let around = place.around(context);
        let mut asks = around.iter().flat_map(|access| access.of(Action::Ask));
        let Some(first) = asks.next() else { continue };
        if let Some(other) = asks.find(|other| other.authorizer != first.authorizer)
            && told.insert((first.span, other.span))
        {
            let help = "let one of them ask the other: Istio refuses all calls where several are asked";
            sink.push(both(
                (other.span, "this `ask`"),
                (first.span, "that of another authorizer"),
                help,
            ));
        }
    }
}

/// Of several PeerAuthentications that select a workload, Istio takes the oldest alone.
fn one_mode(context: Context<'_>, sink: &mut Sink) {
    for namespace in &context.spec.namespaces {
        for decl in namespace.services.iter().filter(|decl| !decl.mtls.is_empty()) {
            let service = context.mesh.service(&namespace.name.value, &decl.name.value);
            let beside = service.map(|service| &service.beside);
            let later = namespace.services.iter().find(|other| {
                let together = beside.is_some_and(|beside| beside.contains(&other.name.value));
                together && !other.mtls.is_empty() && decl.name.span < other.name.span
            });
            if let Some((own, other)) = decl.mtls.first().zip(later.and_then(|later| later.mtls.first())) {
                let help = format!(
                    "write all of it in `{}`, by the ports of the machine: `mtls … port=…`",
                    decl.name.value
                );
                let one = (other.span, "`mtls` of a service on the same workloads");
                sink.push(both(one, (own.span, "this `mtls`"), &help));
            }
        }
    }
}

/// Istio takes the annotation with ALLOW and DENY only.
fn dry_audit(rule: &RuleDecl, sink: &mut Sink) {
    if let (Action::Audit, Some(dry)) = (rule.action, &rule.dry_run) {
        let help = "leave `dry-run=` out: `audit` refuses nobody anyway";
        sink.push(both((rule.span, "`audit`"), (dry.span, "`dry-run=`"), help));
    }
}

fn keys(jwt: &JwtDecl, sink: &mut Sink) {
    if let (Some(uri), Some(keys)) = (&jwt.jwks_uri, &jwt.jwks) {
        let help = "keep `jwks-uri=` where istiod may fetch the keys, and `jwks=` for VMs";
        sink.push(both((uri.span, "`jwks-uri=`"), (keys.span, "`jwks=`"), help));
    }
}

/// Where no token is needed, nothing is an exception.
fn exception(jwt: &JwtDecl, sink: &mut Sink) {
    if let (Some(except), None) = (&jwt.except, jwt.demand()) {
        let message = "`except=` leaves paths out of what is not required";
        sink.push(
            Diagnostic::new(&code::CONFLICT, except.span, message)
                .help("write `required=#true`, or leave `except=` out"),
        );
    }
}

/// A `from` is one place.
fn one_place(from: &JwtFromDecl, sink: &mut Sink) {
    let named = [
        ("`header=`", &from.header),
        ("`param=`", &from.param),
        ("`cookie=`", &from.cookie),
    ];
    let mut places = named
        .into_iter()
        .filter_map(|(name, place)| place.as_ref().map(|place| (place.span, name)));
    match (places.next(), places.next()) {
        (Some(one), Some(other)) => sink.push(both(one, other, "write a `from` for each")),
        (None, _) => sink.push(
            Diagnostic::new(&code::MISSING, from.span, "`from` says no place")
                .help("write `header=`, `param=` or `cookie=`"),
        ),
        (Some(_), None) => {}
    }
    if let (Some(prefix), None, Some(other)) = (
        &from.prefix,
        &from.header,
        from.param.as_ref().or(from.cookie.as_ref()),
    ) {
        let help = "only headers have something before the token";
        sink.push(both((prefix.span, "`prefix=`"), (other.span, "this place"), help));
    }
}

/// In Istio's own namespace, what names no workloads holds for all of the mesh.
fn root(access: Access<'_>, sink: &mut Sink) {
    let root = access
        .namespace
        .filter(|namespace| namespace.name.value == ROOT_NAMESPACE && access.service.is_none());
    let Some(namespace) = root else { return };
    let rules = access.decl.rules.iter().map(|rule| rule.span);
    for span in rules.chain(access.decl.jwt.iter().map(|jwt| jwt.span)) {
        let message = format!("in {ROOT_NAMESPACE} this would hold for the whole mesh");
        sink.push(
            Diagnostic::new(&code::CONFLICT, span, message)
                .label(namespace.name.span, "Istio's root namespace")
                .help("write it in `mesh`, or at a service"),
        );
    }
}
