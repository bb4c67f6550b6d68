use super::capture::{Inbound, arrives, holds, inbound};
use super::{Context, items};
use crate::diag::{Diagnostic, Sink, code};

/// Whoever captures SSH locks himself out: the proxy asks sshd's clients for mutual TLS.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        by_variables(machine, sink);
        for (_, rules) in machine.rulesets() {
            if let Some((port, span)) = arrives(rules, 22) {
                sink.push(
                    Diagnostic::new(
                        &code::SSH_CAPTURABLE,
                        span,
                        format!("connections to port 22 are redirected to {port}"),
                    )
                    .here("this takes SSH too")
                    .help("put `-p tcp --dport 22 -j RETURN` before what redirects"),
                );
            }
        }
    }
}

fn by_variables(machine: &crate::host_files::Machine<'_>, sink: &mut Sink) {
    let excluded = machine.env("ISTIO_LOCAL_EXCLUDE_PORTS");
    let spares = excluded.is_some_and(|ports| holds(&items(ports), 22));
    match inbound(machine) {
        Inbound::All { said, .. } if !spares => {
            let place = excluded.unwrap_or(said);
            let mut found = Diagnostic::new(&code::SSH_CAPTURABLE, place.span, "SSH is captured")
                .here("port 22 is not excluded")
                .help(match excluded {
                    Some(ports) if !ports.value.is_empty() => {
                        format!("write `ISTIO_LOCAL_EXCLUDE_PORTS='22,{}'`", ports.value)
                    }
                    _ => "write `ISTIO_LOCAL_EXCLUDE_PORTS='22,15090,15021,15020'`".to_owned(),
                })
                .note("nothing excludes it by itself, whatever the comment in sidecar.env says");
            if excluded.is_some() {
                found = found.label(said.span, "all ports are captured");
            }
            sink.push(found);
        }
        Inbound::Only { ports, .. } => {
            let ssh = ports.iter().find(|port| port.value == "22");
            if let Some(port) = ssh {
                sink.push(
                    Diagnostic::new(&code::SSH_CAPTURABLE, port.span, "SSH is captured")
                        .here("this is sshd's port")
                        .help("take it out of ISTIO_INBOUND_PORTS"),
                );
            } else if let Some(excluded) = excluded.filter(|ports| !spares && !ports.value.is_empty()) {
                sink.push(
                    Diagnostic::new(
                        &code::SSH_CAPTURABLE,
                        excluded.span,
                        "SSH would be captured as soon as all ports are",
                    )
                    .here("port 22 is not excluded")
                    .help(format!(
                        "write `ISTIO_LOCAL_EXCLUDE_PORTS='22,{}'`",
                        excluded.value
                    ))
                    .warning(),
                );
            }
        }
        _ => {}
    }
}
