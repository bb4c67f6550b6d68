use super::super::index::{Index, NETWORKING, ROOT, service_name};
use super::super::routes::destinations;
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A route to a host of the cluster that no Service is. Services that are not given may be anywhere, so it is told only of
/// namespaces that have some here, and where nothing is here that may stand for more.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    if index.all().any(makes_others) {
        return;
    }
    for route in index.kind(NETWORKING, "VirtualService") {
        for destination in destinations(route) {
            if let Some(host) = destination.field_text("host") {
                look(&host, route, index, sink);
            }
        }
    }
}

/// Groups whose objects are what they say, besides those of Kubernetes and Istio themselves.
const PLAIN: &[&str] = &[
    "",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "monitoring.coreos.com",
    "cert-manager.io",
];

/// An operator or a tool may make Services of it.
fn makes_others(object: &Object) -> bool {
    let group = object.group();
    let known =
        group.ends_with(".istio.io") || group.ends_with(".k8s.io") && !group.starts_with("kustomize.");
    !known && !PLAIN.contains(&group)
}

/// What Istio and the cluster bring along is rarely among the objects.
const INSTALLED: &[&str] = &[ROOT, "kube-system"];

fn look(host: &Spanned<String>, route: &Object, index: &Index<'_>, sink: &mut Sink) {
    // Nearly all are there, and are found without a search.
    if index.service(&host.value, route.namespace()).is_some() {
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
        || is_entry(&host.value, name, namespace, index)
    {
        return;
    }
    let message =
        format!("namespace `{namespace}` has no Service `{name}`, and a route leads to it: requests get 503");
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, host.span, message);
    if let Some(other) = known.clone().find(named) {
        let full = format!("{name}.{}.svc.cluster.local", other.namespace());
        let help = format!("write `{full}`: a name without dots is one of the route's own namespace");
        sink.push(
            found
                .label(other.name.span, "there is one of this name in another namespace")
                .help(help),
        );
        return;
    }
    let names = around.iter().map(|service| service.name.value.as_str());
    sink.push(match did_you_mean(name, names) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{}`", host.value.replacen(name, near, 1))),
        None => found.help("write the host of a Service, or add a Service or a ServiceEntry for this one"),
    });
}

/// A ServiceEntry stands for it, by any of its spellings.
fn is_entry(host: &str, name: &str, namespace: &str, index: &Index<'_>) -> bool {
    let full = format!("{name}.{namespace}.svc.cluster.local");
    index.kind(NETWORKING, "ServiceEntry").any(|entry| {
        let hosts = entry.items(&["spec", "hosts"]).iter().filter_map(Datum::text);
        hosts.into_iter().any(|own| {
            let below = own.value.strip_prefix('*');
            own.value == host || own.value == full || below.is_some_and(|end| full.ends_with(end))
        })
    })
}
