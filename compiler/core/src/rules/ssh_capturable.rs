use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::VmsDecl;

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
            look(&port, vms, sink);
        }
    }
}

fn look(port: &Spanned<u16>, vms: &VmsDecl, sink: &mut Sink) {
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
        .here("declared ports are captured")
        .help("leave SSH out of the mesh; if the application listens here, let it listen elsewhere")
        .note("behind capture only peers with a certificate of the mesh get through, and `ssh` has none");
    if let Some(ssh) = said {
        found = found.label(ssh.span, "SSH comes in here");
    }
    sink.push(found);
}
