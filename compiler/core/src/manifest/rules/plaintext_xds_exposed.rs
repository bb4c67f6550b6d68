use super::gateway::servers;
use super::index::{Index, NETWORKING, ROOT};
use super::mesh_config;
use super::routes::destinations;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// Ports of istiod that nobody outside its cluster has a use for, and what they are. 15017 is not among them: another
/// cluster's API server may call the webhook through a gateway.
const WRONG: &[(&str, &str)] = &[
    ("15010", "xDS in plaintext, where nobody proves who he is"),
    ("15011", "gone since Istio 1.6"),
    ("15014", "istiod's own metrics"),
    ("8080", "istiod's pages for debugging"),
];

/// istiod is let out at 15012 alone.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for route in index.kind(NETWORKING, "VirtualService") {
        if route.items(&["spec", "gateways"]).is_empty() {
            continue;
        }
        for destination in destinations(route) {
            let host = destination.field_text("host");
            let port = destination
                .at(&["port"])
                .and_then(|port| port.field_text("number"));
            if let (Some(host), Some(port)) = (host, port)
                && is_istiod(&host.value, route.namespace())
            {
                look(&port, Some(&host), "a gateway leads to it", sink);
            }
        }
    }
    for gateway in index.kind(NETWORKING, "Gateway") {
        let ports = servers(gateway).filter_map(|server| server.number());
        // 8080 may be an application's.
        ports
            .filter(|port| ["15010", "15011"].contains(&port.value.as_str()))
            .for_each(|port| look(&port, None, "", sink));
    }
    for service in index.kind("", "Service").filter(|service| is_open(service)) {
        let ports = service.items(&["spec", "ports"]).iter();
        let kind = service.text(&["spec", "type"]);
        for port in ports.filter_map(|port| port.field_text("port")) {
            look(&port, kind.as_ref(), "everybody reaches it", sink);
        }
    }
    let address = mesh_config::at(index, &["defaultConfig", "discoveryAddress"]).and_then(Datum::text);
    if let Some((port, address)) = address.and_then(|address| {
        let port = address.value.rsplit_once(':')?.1.to_owned();
        Some((port, address))
    }) {
        let span = address.span;
        look(&Spanned { value: port, span }, None, "", sink);
    }
}

/// It is istiod's Service, of whatever revision, and others than the cluster reach it.
fn is_open(service: &Object) -> bool {
    let outside = service
        .text(&["spec", "type"])
        .is_some_and(|kind| ["LoadBalancer", "NodePort"].contains(&kind.value.as_str()));
    outside
        && service.namespace() == ROOT
        && service
            .labels_at(&["spec", "selector"])
            .contains(&("app".to_owned(), "istiod".to_owned()))
}

fn is_istiod(host: &str, namespace: &str) -> bool {
    let mut parts = host.split('.');
    let name = parts.next().unwrap_or_default();
    (name == "istiod" || name.starts_with("istiod-")) && parts.next().unwrap_or(namespace) == ROOT
}

fn look(port: &Spanned<String>, other: Option<&Spanned<String>>, why: &str, sink: &mut Sink) {
    let Some((number, what)) = WRONG.iter().find(|(wrong, _)| *wrong == port.value) else {
        return;
    };
    let message = format!("port {number} of istiod is let out of its cluster");
    let mut found = Diagnostic::new(&code::PLAINTEXT_XDS, port.span, message)
        .here(*what)
        .help("let out 15012 alone, for configuration and for certificates");
    if let Some(other) = other {
        found = found.label(other.span, why);
    }
    sink.push(found);
}
