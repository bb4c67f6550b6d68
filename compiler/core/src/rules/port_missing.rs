use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code, list};
use crate::model::{Service, machine_services};
use crate::spec::decl::{Routed, ServiceDecl, VmsDecl};

/// Probes, permissions and mutual TLS name ports that the workload has, routes those that callers dial.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for owner in context.spec.routed().filter(|owner| !owner.damaged) {
        routes(&owner, sink);
    }
    for (namespace, owner, vms) in context.spec.groups() {
        let on = machine_services(namespace, owner, vms);
        if !vms.ports_damaged && on.iter().all(|service| !service.damaged) {
            probes(&on, vms, sink);
        }
    }
    for (namespace, decl) in context.spec.services() {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        if !decl.damaged {
            policies(decl, service, sink);
        }
    }
}

/// A route is for a port that callers dial.
fn routes(owner: &Routed<'_>, sink: &mut Sink) {
    let known = |port: u16| owner.ports.iter().any(|own| own.number.value == port);
    let asked = owner.routes.iter().filter_map(|route| route.port.as_ref());
    for port in asked.filter(|port| !known(port.value)) {
        let dialled = owner.ports.iter().find(|own| own.target().value == port.value);
        let numbers: Vec<_> = owner
            .ports
            .iter()
            .map(|own| own.number.value.to_string())
            .collect();
        let help = match dialled {
            Some(own) => format!("routes see what callers dial: write {}", own.number.value),
            None => format!("write {}", list(numbers.iter().map(String::as_str))),
        };
        let message = format!(
            "`route` names port {}, which `{}` does not declare",
            port.value, owner.name.value
        );
        sink.push(
            Diagnostic::new(&code::PORT_UNDECLARED, port.span, message)
                .here("not declared")
                .label(owner.name.span, "its ports are declared here")
                .help(help),
        );
    }
}

fn missing(port: u16, span: Span, what: &str, service: Option<&ServiceDecl>, help: String) -> Diagnostic {
    let message = format!("{what} port {port}, which nobody declares");
    let mut found = Diagnostic::new(&code::PORT_UNDECLARED, span, message).here("not declared");
    if let Some(service) = service {
        let place = service
            .ports
            .first()
            .map_or(service.name.span, |first| first.span);
        found = found.label(place, format!("`{}` declares its ports here", service.name.value));
    }
    found.help(help)
}

fn probes(on: &[&ServiceDecl], vms: &VmsDecl, sink: &mut Sink) {
    let known = |port: u16| {
        let mut ports = on.iter().flat_map(|service| &service.ports);
        ports.any(|own| own.target().value == port) || vms.ports.iter().any(|own| own.number.value == port)
    };
    // A probe of another host says nothing of the machine's ports.
    let here = vms.health.iter().filter(|health| health.host.is_none());
    let asked = here.flat_map(|health| health.http.iter().chain(&health.tcp));
    for port in asked.filter(|port| !known(port.value)) {
        let help = format!(
            "write `port health {}` in the `vms`, or ask a port of the service",
            port.value
        );
        let service = on.first().copied();
        sink.push(missing(port.value, port.span, "health asks", service, help));
    }
}

fn policies(decl: &ServiceDecl, service: &Service, sink: &mut Sink) {
    let known = |port: u16| {
        service.ports.iter().any(|own| own.target == port)
            || service
                .groups
                .iter()
                .any(|group| group.ports.values().any(|own| *own == port))
    };
    let dialled = |port: u16| service.ports.iter().find(|own| own.number == port);
    let help = |port: u16| match dialled(port) {
        Some(own) => format!("policies see the workload's port: write {}", own.target),
        None => format!("write `port NAME {port}` in the `vms`, or a port of the service"),
    };
    for rule in &decl.access.rules {
        let what = format!("`{}` names", rule.action.word());
        for ports in [&rule.ports.any, &rule.ports.none].into_iter().flatten() {
            for port in ports.value.iter().filter(|port| !known(**port)) {
                sink.push(missing(*port, ports.span, &what, Some(decl), help(*port)));
            }
        }
    }
    // All that comes to a pod is captured, whether declared or not.
    let captured = !service.pods.is_empty();
    for port in decl
        .mtls
        .iter()
        .filter(|_| !captured)
        .filter_map(|mtls| mtls.port.as_ref())
        // One that callers dial is another rule's.
        .filter(|port| !known(port.value) && dialled(port.value).is_none())
    {
        sink.push(missing(
            port.value,
            port.span,
            "`mtls` names",
            Some(decl),
            help(port.value),
        ));
    }
}
