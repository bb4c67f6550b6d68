use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{Choice, VmsDecl};

/// SSH, where nothing else is said.
const SSH: u16 = 22;

/// No port of a workload is the one that its operator comes in by.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service, vms) in context.spec.groups() {
        let of_service = service
            .into_iter()
            .flat_map(|service| &service.ports)
            .map(|port| port.target());
        let of_group = vms.ports.iter().map(|port| port.number.clone());
        for port in of_service.chain(of_group) {
            look(&port, "declared ports are captured", vms, sink);
        }
        let capture = context.spec.capture_of(vms);
        let listed = capture.inbound.and_then(|inbound| match inbound.value {
            Choice::List(ports) => Some((ports, inbound.span)),
            Choice::Word(_) => None,
        });
        if let Some((ports, span)) = listed {
            for value in ports {
                look(&Spanned { value, span }, "these ports are captured", vms, sink);
            }
        }
    }
}

fn look(port: &Spanned<u16>, why: &str, vms: &VmsDecl, sink: &mut Sink) {
    let said = vms
        .vms
        .iter()
        .filter_map(|vm| vm.ssh.port.as_ref())
        .chain(&vms.ssh.port);
    let said = said.into_iter().find(|ssh| ssh.value == port.value);
    if port.value != SSH && said.is_none() {
        return;
    }
    let message = format!(
        "port {} is SSH: captured, it would lock you out of the machines",
        port.value
    );
    let mut found = Diagnostic::new(&code::SSH_CAPTURABLE, port.span, message)
        .here(why)
        .help("leave SSH out of the mesh; if the application listens here, let it listen elsewhere")
        .note("behind capture only peers with a certificate of the mesh get through, and `ssh` has none");
    if let Some(ssh) = said {
        found = found.label(ssh.span, "SSH comes in here");
    }
    sink.push(found);
}
