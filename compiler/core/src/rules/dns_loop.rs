use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// A forwarder on the machine itself asks its servers on port 53, where all queries are captured: they come back.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some(mesh) = &context.spec.mesh else { return };
    let Some(packets) = mesh.dns.capture.as_ref().filter(|mode| mode.value == "packets") else {
        return;
    };
    for forward in &mesh.dns.forward {
        let local = forward.servers.value.iter().find(|server| server.is_loopback());
        let unsafe_group = context.spec.groups().find(|(.., vms)| {
            let capture = context.spec.capture_of(vms);
            capture.exclude_users.is_none()
                && capture.exclude_groups.is_none()
                && capture.only_groups.is_none()
        });
        if let (Some(server), Some((.., vms))) = (local, unsafe_group) {
            let message = format!(
                "queries for `{}` would go in circles between meshd and the forwarder at {server}",
                forward.domain.value
            );
            sink.push(
                Diagnostic::new(&code::DNS_LOOP, forward.servers.span, message)
                    .here("a forwarder on the machine itself")
                    .label(packets.span, "its own queries are captured too")
                    .label(vms.span, "nobody's queries are left alone here")
                    .help("leave its user alone, such as `capture exclude-users=dnsmasq`, or name the servers that it asks"),
            );
        }
    }
}
