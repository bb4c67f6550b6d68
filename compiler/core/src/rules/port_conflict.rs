use std::collections::BTreeMap;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{machine_services, port_names};
use crate::spec::decl::{NamespaceDecl, PortDecl, ServiceDecl, VmsDecl};

/// Ports of a service, and those of its machines, differ in number and in name.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        of_service(&service.ports, sink);
    }
    for (namespace, owner, vms) in context.spec.groups() {
        of_machine(namespace, owner, vms, sink);
    }
    context
        .spec
        .externals()
        .for_each(|(_, external)| of_service(&external.ports, sink));
}

fn conflict(span: Span, message: String, before: Span, owner: String) -> Diagnostic {
    Diagnostic::new(&code::PORT_CONFLICT, span, message)
        .here("here again")
        .label(before, owner)
}

fn of_service(ports: &[PortDecl], sink: &mut Sink) {
    let mut numbers: BTreeMap<u16, Span> = BTreeMap::new();
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for (port, name) in ports.iter().zip(port_names(ports)) {
        let number = &port.number;
        if let Some(before) = numbers.insert(number.value, number.span) {
            let message = format!("port {} is declared twice", number.value);
            sink.push(
                conflict(number.span, message, before, "first here".to_owned()).help(
                    "a port speaks one protocol and leads to one port of the workload: keep one of them",
                ),
            );
            continue;
        }
        let place = port.name.as_ref().map_or(port.span, |name| name.span);
        if let Some(before) = names.insert(name.clone(), place) {
            let message = format!("two ports are named `{name}`");
            sink.push(
                conflict(place, message, before, "first here".to_owned())
                    .help("give one of them another name: `name=`"),
            );
        }
    }
}

/// Ports of the machines of a group: those of all services on them, then the group's own.
fn of_machine(namespace: &NamespaceDecl, owner: Option<&ServiceDecl>, vms: &VmsDecl, sink: &mut Sink) {
    let mut numbers: BTreeMap<u16, (Span, String)> = BTreeMap::new();
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    let mut spoken: BTreeMap<u16, &PortDecl> = BTreeMap::new();
    for service in machine_services(namespace, owner, vms) {
        for (port, name) in service.ports.iter().zip(port_names(&service.ports)) {
            let target = port.target();
            one_protocol(spoken.entry(target.value).or_insert(port), port, sink);
            numbers.insert(
                target.value,
                (target.span, format!("the service's port `{name}`")),
            );
            names.insert(name, port.span);
        }
    }
    for port in &vms.ports {
        if let Some((before, owner)) = numbers.get(&port.number.value) {
            let message = format!("port {} of the machines is declared twice", port.number.value);
            let help = "ports of the service need not be declared again: leave this one out";
            sink.push(conflict(port.number.span, message, *before, owner.clone()).help(help));
        }
        if let Some(before) = names.get(&port.name.value) {
            let message = format!("two ports of the machines are named `{}`", port.name.value);
            let found = conflict(port.name.span, message, *before, "first here".to_owned());
            sink.push(found.help("give one of them another name"));
        }
        numbers.insert(
            port.number.value,
            (port.number.span, format!("port `{}`", port.name.value)),
        );
        names.insert(port.name.value.clone(), port.name.span);
    }
}

/// What listens on a port of a machine speaks one protocol, whichever service leads there.
fn one_protocol(before: &PortDecl, port: &PortDecl, sink: &mut Sink) {
    let target = port.target();
    // Ports of one service may lead to one port: that is said where it matters.
    if before.protocol.value == port.protocol.value || before.span == port.span {
        return;
    }
    let message = format!(
        "port {} of the machines speaks `{}` for one service and `{}` for another",
        target.value, before.protocol.value, port.protocol.value
    );
    sink.push(
        conflict(
            target.span,
            message,
            before.target().span,
            "first here".to_owned(),
        )
        .help("let the services listen on different ports: `target=`, or declare the same protocol"),
    );
}
