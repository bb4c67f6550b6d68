use super::super::audience::Audience;
use super::super::index::{Index, NETWORKING, ROOT, service_name};
use super::super::routes::destinations;
use super::makes_others;
use crate::diag::{Diagnostic, Sink, Spanned, certainly, code, did_you_mean};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A route to a host of the cluster that no Service is, or a DestinationRule for one. Services that are not given may be anywhere, so it is told only of
/// namespaces that have some here, and where nothing is here that may stand for more.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    if index.all().any(makes_others) {
        return;
    }
    for route in index.kind(NETWORKING, "VirtualService") {
        for destination in destinations(route) {
            if let Some(host) = destination.field_text("host") {
                look(&host, route, Why::Route, index, sink);
            }
        }
    }
    for rule in index.kind(NETWORKING, "DestinationRule") {
        if let Some(host) = rule
            .text(&["spec", "host"])
            .filter(|host| !host.value.contains('*'))
        {
            look(&host, rule, Why::Rule, index, sink);
        }
    }
}

/// Who speaks of a host.
#[derive(Clone, Copy)]
enum Why {
    Route,
    Rule,
}

/// What Istio and the cluster bring along is rarely among the objects.
const INSTALLED: &[&str] = &[ROOT, "kube-system"];

fn look(host: &Spanned<String>, route: &Object, why: Why, index: &Index<'_>, sink: &mut Sink) {
    // Nearly all are there, and are found without a search.
    if index.service(&host.value, route.namespace()).is_some() {
        return;
    }
    if let Some(found) = unexported(host, route, index) {
        sink.push(found);
        return;
    }
    let Some((name, namespace)) = service_name(&host.value, route.namespace()) else {
        return;
    };
    let is_own = !host.value.contains('.') || host.value.ends_with(".svc.cluster.local");
    let known = index.services().iter().map(|service| service.object);
    let named = |service: &&Object| service.name.value == name;
    // What names no namespace may be applied to any.
    let said = host.value.contains('.') || route.namespace.is_some();
    let around: Vec<_> = known
        .clone()
        .filter(|service| service.namespace() == namespace && service.namespace.is_some() == said)
        .collect();
    if !is_own
        || INSTALLED.contains(&namespace)
        || around.is_empty()
        || known.clone().any(|service| {
            named(&service) && (service.namespace.is_none() || service.namespace() == namespace)
        })
        || is_entry(&host.value, name, namespace, route.namespace(), index)
    {
        return;
    }
    let named_so = known.clone().find(named);
    let names = around.iter().map(|service| service.name.value.as_str());
    let near = match why {
        Why::Route => did_you_mean(name, names),
        // Rules for what is written elsewhere do no harm.
        Why::Rule => certainly(name, names),
    };
    if matches!(why, Why::Rule) && near.is_none() && named_so.is_none() {
        return;
    }
    let what = match why {
        Why::Route => "a route leads to it: requests get 503",
        Why::Rule => "a DestinationRule is for it: it says nothing",
    };
    let message = format!("namespace `{namespace}` has no Service `{name}`, and {what}");
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, host.span, message);
    if let Some(other) = named_so {
        let full = format!("{name}.{}.svc.cluster.local", other.namespace());
        let help = format!("write `{full}`: a name without dots is one of the object's own namespace");
        sink.push(
            found
                .label(other.name.span, "there is one of this name in another namespace")
                .help(help),
        );
        return;
    }
    sink.push(match near {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{}`", host.value.replacen(name, near, 1))),
        None => found.help("write the host of a Service, or add a Service or a ServiceEntry for this one"),
    });
}

/// A ServiceEntry that the namespace `of` sees stands for it, by any of its spellings.
fn is_entry(host: &str, name: &str, namespace: &str, of: &str, index: &Index<'_>) -> bool {
    let full = format!("{name}.{namespace}.svc.cluster.local");
    let seen = |entry: &&Object| Audience::of(entry).holds(of);
    index.kind(NETWORKING, "ServiceEntry").filter(seen).any(|entry| {
        let hosts = entry.items(&["spec", "hosts"]).iter().filter_map(Datum::text);
        hosts.into_iter().any(|own| {
            let below = own.value.strip_prefix('*');
            own.value == host || own.value == full || below.is_some_and(|end| full.ends_with(end))
        })
    })
}

/// Every ServiceEntry for the host is kept from the namespace of the object.
fn unexported(host: &Spanned<String>, route: &Object, index: &Index<'_>) -> Option<Diagnostic> {
    let entries: Vec<_> = index
        .kind(NETWORKING, "ServiceEntry")
        .filter(|entry| {
            let hosts = entry.items(&["spec", "hosts"]).iter().filter_map(Datum::text);
            hosts.into_iter().any(|own| own.value == host.value)
        })
        .collect();
    let first = entries.first()?;
    if entries
        .iter()
        .any(|entry| Audience::of(entry).holds(route.namespace()))
    {
        return None;
    }
    let exported = first.entry(&["spec", "exportTo"])?;
    let message = format!(
        "the ServiceEntry for `{}` is not for namespace `{}`: there the host leads to nothing",
        host.value,
        route.namespace()
    );
    Some(
        Diagnostic::new(&code::UNKNOWN_REFERENCE, host.span, message)
            .label(exported.key.span, "it says so here")
            .help(format!("add `{}` to its `exportTo`", route.namespace())),
    )
}
