use super::Context;
use super::callers::{lets_in, opening};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{HttpAction, Service, Source, Target};

/// A route leads callers to another service, which asks them again: whoever may call the one has to be let in by the
/// other.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for service in context
        .mesh
        .services
        .iter()
        .filter(|service| service.exit.is_none())
    {
        let Some(callers) = callers(service, context) else {
            continue;
        };
        for (span, target) in targets(service) {
            let Some(other) = context.mesh.service(&target.namespace, &target.service) else {
                continue;
            };
            let rules = opening(other, context);
            let refused = |(namespace, account): &(&str, &str)| {
                !rules.is_empty() && !rules.iter().any(|rule| lets_in(rule, namespace, account))
            };
            if other.host != service.host && callers.iter().all(refused) {
                sink.push(found(service, other, span, rules.first().map(|rule| rule.span)));
            }
        }
    }
}

/// The accounts that may call a service, where its rules name all of them.
fn callers<'a>(service: &'a Service, context: Context<'a>) -> Option<Vec<(&'a str, &'a str)>> {
    let rules = opening(service, context);
    let account = |source: &'a Source| match source {
        Source::Account { namespace, account } => Some((namespace.as_str(), account.as_str())),
        _ => None,
    };
    let mut all = Vec::new();
    for rule in rules {
        let named: Option<Vec<_>> = rule.from.any.iter().map(account).collect();
        all.extend(named.filter(|named| !named.is_empty())?);
    }
    (!all.is_empty()).then_some(all)
}

/// Where the routes of a service lead, and which route that is.
fn targets(service: &Service) -> Vec<(Span, &Target)> {
    let requests = service.routes.http.iter().flat_map(|route| match &route.action {
        HttpAction::Forward(forward) => forward.to.iter().map(|to| (route.span, &to.target)).collect(),
        _ => Vec::new(),
    });
    let streams = service.routes.tls.iter().chain(&service.routes.tcp);
    let bytes = streams.flat_map(|route| route.to.iter().map(|to| (route.span, &to.target)));
    requests.chain(bytes).collect()
}

fn found(service: &Service, other: &Service, span: Span, rule: Option<Span>) -> Diagnostic {
    let (from, to) = (&service.name, &other.name);
    let message = format!("whoever may call `{from}` is refused by `{to}`, where this route leads");
    let found = Diagnostic::new(&code::ROUTE_REFUSED, span, message)
        .here(format!("leads to `{to}`"))
        .help(format!(
            "allow the callers of `{from}` in `{to}` too: `allow from=…`"
        ))
        .note("a route changes where a caller goes, not who it is");
    match rule {
        Some(rule) => found.label(rule, "this lets others in"),
        None => found,
    }
}
