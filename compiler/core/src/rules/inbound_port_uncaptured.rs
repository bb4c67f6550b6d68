use mesh_wire::listener::MtlsMode;

use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::model::{Mesh, machine_services};
use crate::spec::decl::{CaptureDecl, Choice, NamespaceDecl, ServiceDecl};

/// The ports of a service are captured: callers of the mesh speak mutual TLS to them, which the application does not.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for (namespace, owner, vms) in context.spec.groups() {
        let capture = context.spec.capture_of(vms);
        for service in machine_services(namespace, owner, vms) {
            for port in &service.ports {
                let target = port.target();
                let plain = speaks_plaintext(context.mesh, namespace, service, target.value);
                if let Some(said) = left_alone(&capture, target.value).filter(|_| !plain) {
                    once.push(found(service, &target, said), sink);
                }
            }
        }
    }
}

fn found(service: &ServiceDecl, target: &Spanned<u16>, said: Span) -> Diagnostic {
    let message = format!(
        "port {} of `{}` is not captured: callers speak mutual TLS to it, and others come in unchecked",
        target.value, service.name.value
    );
    Diagnostic::new(&code::INBOUND_UNCAPTURED, said, message)
        .here("left alone here")
        .label(target.span, "declared here")
        .help(format!(
            "capture {} too, or take the port out of the service",
            target.value
        ))
        .note("mutual TLS and `allow` hold for captured connections only")
}

/// What leaves this port alone.
fn left_alone(capture: &CaptureDecl, port: u16) -> Option<Span> {
    let inbound = capture.inbound.as_ref()?;
    match &inbound.value {
        Choice::List(ports) => (!ports.contains(&port)).then_some(inbound.span),
        Choice::Word(word) if word == "none" => Some(inbound.span),
        Choice::Word(word) if word == "all" => {
            let excluded = capture.exclude_inbound.as_ref()?;
            excluded.value.contains(&port).then_some(excluded.span)
        }
        Choice::Word(_) => None,
    }
}

/// The spec says that callers do not speak mutual TLS to this port.
fn speaks_plaintext(mesh: &Mesh, namespace: &NamespaceDecl, service: &ServiceDecl, port: u16) -> bool {
    let space = &namespace.name.value;
    let Some(service) = mesh.service(space, &service.name.value) else {
        return true;
    };
    let mode = service.port_mtls.get(&port).copied().or(service.mtls);
    let mode = mode.or_else(|| mesh.namespaces.get(space)?.mtls);
    mode.unwrap_or(mesh.mtls) == MtlsMode::Disable
}
