use super::capture::{Inbound, inbound};
use super::{Context, items, words};
use crate::diag::{Diagnostic, Sink, code};

/// What `istioctl` always writes, of use or not.
const USUAL: &[&str] = &["22", "15020", "15021", "15090"];

/// Ports are excluded from `*` only.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Some(excluded) = machine.env("ISTIO_LOCAL_EXCLUDE_PORTS") else {
            continue;
        };
        let said = match inbound(machine) {
            Inbound::Only { said, .. } => Some(said),
            Inbound::Unsaid => None,
            Inbound::All { .. } => continue,
        };
        let ports = items(excluded);
        let meant: Vec<_> = ports
            .iter()
            .map(|port| port.value.as_str())
            .filter(|port| !USUAL.contains(port))
            .collect();
        if meant.is_empty() {
            continue;
        }
        let message = format!("excluding {} has no effect", words(&meant));
        let mut found = Diagnostic::new(&code::EXCLUDE_INEFFECTIVE, excluded.span, message)
            .here("ports are excluded only where all are captured")
            .help(
                "leave them out: a port that is not in ISTIO_INBOUND_PORTS is not captured; or capture `*`",
            );
        if let Some(said) = said {
            found = found.label(said.span, "only these are captured");
        }
        sink.push(found);
    }
}
