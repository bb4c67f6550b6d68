mod balance;
mod eject;
mod limits;

use super::draft::Draft;
use super::external::export_to;
use super::fields::{Fields, Unsaid};
use super::index::labels;
use super::tree::Tree;
use super::{full_host, metadata, percent};
use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::syntax::Scalar;

/// A DestinationRule: what is said of a service, its ports and its versions.
pub(super) fn destination_rule(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let namespace = object.namespace().to_owned();
    let Some(host) = spec.text("host") else {
        return Err(Unsaid::new("it has no `spec.host`", object.span));
    };
    let full = full_host(&host.value, &namespace);
    let Some((place, name)) = tree
        .service_of(&full)
        .map(|(place, name)| (place.to_owned(), name.to_owned()))
    else {
        return Err(Unsaid::new(
            format!("`{}` is no service of the spec", host.value),
            host.span,
        ));
    };
    if place != namespace {
        return Err(Unsaid::new(
            "it is about a service of another namespace",
            host.span,
        ));
    }
    let visible = export_to(&mut spec, &namespace)?;
    let mut whole = Draft::new("service", object.span);
    let mut of_ports = Vec::new();
    if let Some(policy) = spec.inner("trafficPolicy")? {
        of_ports = policy_of(policy, &mut whole, true)?;
    }
    let mut subsets = Vec::new();
    let mut names = Vec::new();
    for datum in spec.items("subsets") {
        let mut subset = Fields::of(datum, "spec.subsets")?;
        let Some(name) = subset.text("name") else {
            return Err(Unsaid::new("a subset has no name", datum.span));
        };
        let mut draft = Draft::new("subset", datum.span)
            .word(&name)
            .labels(&subset.pairs("labels"));
        if let Some(policy) = subset.inner("trafficPolicy")? {
            for (number, port) in policy_of(policy, &mut draft, true)? {
                draft.push(
                    Draft::new("port", number.span)
                        .arg(Scalar::Integer(number.value), number.span)
                        .merged(port),
                );
            }
        }
        subset.done()?;
        names.push((name.value, labels(datum.at(&["labels"]))));
        subsets.push(draft);
    }
    spec.done()?;
    let Some(service) = tree.service(&place, &name) else {
        return Ok(());
    };
    if service.visible != visible {
        return Err(Unsaid::new(
            "`spec.exportTo` is another than the service's",
            object.span,
        ));
    }
    if !service.subsets.is_empty() || SETTINGS.iter().any(|word| service.draft.has(word)) {
        return Err(Unsaid::new(
            "another DestinationRule is about the same host",
            object.span,
        ));
    }
    for (number, own) in of_ports {
        let port = service.ports.iter_mut().find(|port| port.number == number.value);
        let Some(port) = port else {
            return Err(Unsaid::new(
                format!("the service has no port {}", number.value),
                number.span,
            ));
        };
        port.draft.merge(own);
    }
    service.draft.merge(whole);
    service.draft.extend(subsets);
    service.subsets = names.into_iter().collect();
    Ok(())
}

const SETTINGS: &[&str] = &[
    "tls",
    "balance",
    "warm-up",
    "locality",
    "limits",
    "eject",
    "retry-budget",
];

type OfPorts = Vec<(Spanned<i128>, Draft)>;

/// Puts a `trafficPolicy` into `into`; what it says of ports is given back.
fn policy_of(mut policy: Fields<'_>, into: &mut Draft, ports: bool) -> Result<OfPorts, Unsaid> {
    if let Some(balancer) = policy.inner("loadBalancer")? {
        balance::balance(balancer, into)?;
    }
    if let Some(pool) = policy.inner("connectionPool")? {
        let limits = limits::limits(pool)?;
        if !limits.is_bare() {
            into.push(limits);
        }
    }
    if let Some(outliers) = policy.inner("outlierDetection")? {
        into.push(eject::eject(outliers)?);
    }
    if let Some(tls) = policy.inner("tls")? {
        into.push(client_tls(tls)?);
    }
    if let Some(mut budget) = policy.inner("retryBudget")? {
        let mut draft = Draft::new("retry-budget", budget.span());
        if let Some(share) = budget.text("percent") {
            draft = draft.arg(Scalar::Text(percent(&share.value)), share.span);
        }
        into.push(
            draft
                .number("at-least", budget.number("minRetryConcurrency")?.as_ref())
                .text("over", budget.text("budgetInterval").as_ref()),
        );
        budget.done()?;
    }
    let mut found = Vec::new();
    for datum in policy.items("portLevelSettings") {
        let mut fields = Fields::of(datum, "portLevelSettings")?;
        let number = match fields.inner("port")? {
            Some(mut port) => port.number("number")?,
            None => None,
        };
        let Some(number) = number.filter(|_| ports) else {
            return Err(Unsaid::new("it does not say of which port", datum.span));
        };
        let mut own = Draft::new("port", datum.span);
        policy_of(fields, &mut own, false)?;
        found.push((number, own));
    }
    policy.done()?;
    Ok(found)
}

fn client_tls(mut tls: Fields<'_>) -> Result<Draft, Unsaid> {
    let span: Span = tls.span();
    let mode = tls.text("mode");
    let word = match mode.as_ref().map(|mode| mode.value.as_str()) {
        Some("SIMPLE") => "simple",
        Some("MUTUAL") => "mutual",
        _ => {
            return Err(Unsaid::new(
                "only TLS of modes SIMPLE and MUTUAL has a word in the language",
                span,
            ));
        }
    };
    let draft = Draft::new("tls", span)
        .arg(Scalar::Text(word.to_owned()), span)
        .text("sni", tls.text("sni").as_ref())
        .list("sans", &tls.texts("subjectAltNames")?)
        .text("ca", tls.text("caCertificates").as_ref())
        .text("crl", tls.text("caCrl").as_ref())
        .text("cert", tls.text("clientCertificate").as_ref())
        .text("key", tls.text("privateKey").as_ref())
        .yes(
            "insecure",
            tls.yes("insecureSkipVerify").filter(|yes| yes.value).as_ref(),
        );
    tls.done()?;
    Ok(draft)
}
