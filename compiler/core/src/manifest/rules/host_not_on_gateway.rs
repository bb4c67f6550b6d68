use super::gateway::servers;
use super::index::{Index, NETWORKING, gateway_name};
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, Spanned, code, list};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A host of a VirtualService is served by a gateway that it is put on: others never come to its routes.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for route in index.kind(NETWORKING, "VirtualService") {
        let hosts: Vec<_> = texts(route, "hosts");
        let bound = texts(route, "gateways");
        if hosts.is_empty() || bound.is_empty() {
            continue;
        }
        let found: Vec<_> = bound
            .iter()
            .map(|name| (name, serves(name, route, index)))
            .collect();
        for (name, serves) in &found {
            if let Some(serves) = serves
                && !hosts.iter().any(|host| serves.takes(&host.value))
            {
                sink.push(never(name, &hosts, serves));
            }
        }
        // Within the mesh every host is served.
        let whole = found.iter().all(|(_, serves)| serves.is_some());
        let useful = || found.iter().filter_map(|(_, serves)| serves.as_ref());
        let any = |host: &str| useful().any(|serves| serves.takes(host));
        if !whole || !hosts.iter().any(|host| any(&host.value)) {
            continue;
        }
        for host in hosts.iter().filter(|host| !any(&host.value)) {
            let Some(first) = useful().next() else { continue };
            let message = format!("no gateway of this VirtualService serves `{}`", host.value);
            sink.push(
                Diagnostic::new(&code::HOST_UNSERVED, host.span, message)
                    .label(first.object.name.span, first.shown())
                    .help("write the host at a server of the gateway, add `mesh` to `gateways`, or leave it out"),
            );
        }
    }
}

fn texts(object: &Object, key: &str) -> Vec<Spanned<String>> {
    object
        .items(&["spec", key])
        .iter()
        .filter_map(Datum::text)
        .collect()
}

fn never(name: &Spanned<String>, hosts: &[Spanned<String>], serves: &Serves<'_>) -> Diagnostic {
    let all = list(hosts.iter().map(|host| host.value.as_str()));
    let message = format!(
        "the {} serves none of the hosts of this VirtualService",
        shown(serves.object)
    );
    let found = Diagnostic::new(&code::HOST_UNSERVED, name.span, message)
        .label(serves.object.name.span, serves.shown());
    let found = match hosts.first() {
        Some(host) => found.label(host.span, "no request to it comes from there"),
        None => found,
    };
    found.help(format!(
        "write {all} at a server of the gateway, or the gateway's hosts here"
    ))
}

/// What a gateway serves for the namespace of a VirtualService.
struct Serves<'a> {
    object: &'a Object,
    /// `None`: every host.
    hosts: Option<Vec<String>>,
}

impl Serves<'_> {
    fn takes(&self, host: &str) -> bool {
        self.hosts
            .as_ref()
            .is_none_or(|hosts| hosts.iter().any(|own| overlap(own, host)))
    }

    fn shown(&self) -> String {
        match &self.hosts {
            Some(hosts) if !hosts.is_empty() => {
                format!("it serves {}", list(hosts.iter().map(String::as_str)))
            }
            _ => "it serves nothing for this namespace".to_owned(),
        }
    }
}

/// What the gateway of this name serves, if it is here. Istio's own and those of Kubernetes have names alike.
fn serves<'a>(name: &Spanned<String>, route: &Object, index: &Index<'a>) -> Option<Serves<'a>> {
    let (namespace, own) = gateway_name(&name.value, route);
    if let Some(object) = index.gateway(&name.value, route) {
        let hosts = servers(object).flat_map(|server| server.hosts());
        let hosts = hosts.filter_map(|host| for_namespace(&host.value, namespace, route.namespace()));
        return Some(Serves {
            object,
            hosts: Some(hosts.collect()),
        });
    }
    let mut of_kubernetes = index.kind("gateway.networking.k8s.io", "Gateway");
    let object = of_kubernetes.find(|object| object.namespace() == namespace && object.name.value == own)?;
    let listeners = object.items(&["spec", "listeners"]).iter();
    let hosts: Option<Vec<_>> = listeners
        .map(|listener| listener.field_text("hostname").map(|host| host.value))
        .collect();
    Some(Serves { object, hosts })
}

/// A server's host, `NAMESPACE/HOST` or for all; nothing where it is for others.
fn for_namespace(host: &str, home: &str, wanted: &str) -> Option<String> {
    let Some((namespace, host)) = host.split_once('/') else {
        return Some(host.to_owned());
    };
    let is_for = match namespace {
        "*" => true,
        "." => home == wanted,
        other => other == wanted,
    };
    is_for.then(|| host.to_owned())
}

/// Some name is meant by both; each may begin with `*`.
fn overlap(one: &str, two: &str) -> bool {
    match (one.strip_prefix('*'), two.strip_prefix('*')) {
        (None, None) => one.eq_ignore_ascii_case(two),
        (Some(end), None) => two.ends_with(end),
        (None, Some(end)) => one.ends_with(end),
        (Some(one), Some(two)) => one.ends_with(two) || two.ends_with(one),
    }
}
