mod unsaid;

use super::index::{Index, MONITORING, NETWORKING};
use super::monitor::monitored;
use super::routes::destinations;
use super::workload::{Service, shown};
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean};
use crate::syntax::Datum;

/// A port of a service that somebody names is one of its own.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    unsaid::check(index, sink);
    for route in index.kind(NETWORKING, "VirtualService") {
        for destination in destinations(route) {
            let port = destination
                .at(&["port"])
                .and_then(|port| port.field_text("number"));
            number(
                port,
                destination.field_text("host"),
                route.namespace(),
                index,
                sink,
            );
        }
    }
    for rule in index.kind(NETWORKING, "DestinationRule") {
        let subsets = rule
            .items(&["spec", "subsets"])
            .iter()
            .filter_map(|subset| subset.at(&["trafficPolicy"]));
        for policy in rule.at(&["spec", "trafficPolicy"]).into_iter().chain(subsets) {
            for settings in policy.at(&["portLevelSettings"]).map_or(&[][..], Datum::items) {
                let port = settings.at(&["port"]).and_then(|port| port.field_text("number"));
                number(port, rule.text(&["spec", "host"]), rule.namespace(), index, sink);
            }
        }
    }
    for monitor in index.kind(MONITORING, "ServiceMonitor") {
        let services = monitored(index, monitor);
        for endpoint in monitor.items(&["spec", "endpoints"]) {
            let Some(port) = endpoint.field_text("port") else {
                continue;
            };
            named(&port, &services, sink);
        }
    }
}

fn number(
    port: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    namespace: &str,
    index: &Index<'_>,
    sink: &mut Sink,
) {
    let (Some(port), Some(host)) = (port, host) else {
        return;
    };
    let Some(service) = index.service(&host.value, namespace) else {
        return;
    };
    if service.ports.is_empty()
        || service
            .ports
            .iter()
            .any(|own| own.number.to_string() == port.value)
    {
        return;
    }
    let message = format!("the {} has no port {}", shown(service.object), port.value);
    let found = Diagnostic::new(&code::PORT_UNDECLARED, port.span, message).label(
        service.object.name.span,
        format!("it has {}", service.shown_ports()),
    );
    let target = service.ports.iter().find(|own| own.target.value == port.value);
    sink.push(match target {
        Some(own) => found.help(format!(
            "write {}: {} is the port of the workload behind it",
            own.number, port.value
        )),
        None => found.help("write a port of the service, or add this one to `spec.ports`"),
    });
}

fn named(port: &Spanned<String>, services: &[&Service<'_>], sink: &mut Sink) {
    let names = || {
        services
            .iter()
            .flat_map(|service| &service.ports)
            .filter_map(|port| port.name.as_deref())
    };
    let Some(service) = services.first() else { return };
    if names().any(|name| name == port.value) {
        return;
    }
    let message = format!(
        "the {} has no port called `{}`",
        shown(service.object),
        port.value
    );
    let found = Diagnostic::new(&code::PORT_UNDECLARED, port.span, message).label(
        service.object.name.span,
        format!("it has {}", service.shown_ports()),
    );
    sink.push(match did_you_mean(&port.value, names()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or add the port to the Service")),
        None => found.help(format!(
            "add it to the Service: {{name: {}, port: …}}",
            port.value
        )),
    });
}
