use super::capture::{Inbound, holds, inbound};
use super::{Context, group, items};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;

/// Ports that the machine serves in the mesh are captured: others take plaintext from everybody.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Inbound::Only { said, ports } = inbound(machine) else {
            continue;
        };
        let mut missing: Vec<Spanned<u16>> = Vec::new();
        for object in [
            group::of(machine, context.objects),
            group::entry(machine, context.objects),
        ]
        .into_iter()
        .flatten()
        {
            for port in declared(object) {
                let told = missing.iter().any(|other| other.value == port.value);
                if !holds(&ports, port.value) && !told {
                    missing.push(port);
                }
            }
        }
        for port in missing {
            let number = port.value;
            let all = items(said);
            let all: Vec<_> = all.iter().map(|port| port.value.as_str()).collect();
            sink.push(
                Diagnostic::new(
                    &code::INBOUND_UNCAPTURED,
                    said.span,
                    format!("port {number} is not captured: it takes plaintext from everybody"),
                )
                .here(format!("{number} is missing"))
                .label(port.span, "declared here")
                .help(format!(
                    "write `ISTIO_INBOUND_PORTS='{},{number}'`, or '*'",
                    all.join(",")
                )),
            );
        }
    }
}

/// Ports of a WorkloadGroup's template, or of a WorkloadEntry.
fn declared(object: &Object) -> Vec<Spanned<u16>> {
    let ports = object
        .at(&["spec", "template", "ports"])
        .or_else(|| object.at(&["spec", "ports"]));
    let entries = ports.map_or(&[][..], |ports| ports.entries());
    let number = |entry: &crate::syntax::Entry| {
        let text = entry.value.text()?;
        Some(Spanned {
            value: text.value.parse().ok()?,
            span: entry.value.span,
        })
    };
    entries.iter().filter_map(number).collect()
}
