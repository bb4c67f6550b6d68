use super::capture::{Inbound, SERVED, arrives, holds, inbound};
use super::{Context, items, words};
use crate::diag::{Diagnostic, Sink, code};

/// Who checks the machine's health or reads its metrics speaks plaintext to the agent, not to the application.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        if let Inbound::All { said, except } = inbound(machine) {
            let excluded = except.map(items).unwrap_or_default();
            let captured: Vec<_> = SERVED
                .iter()
                .filter(|(port, _)| !holds(&excluded, *port))
                .collect();
            if !captured.is_empty() {
                let names: Vec<_> = captured
                    .iter()
                    .map(|(port, what)| format!("{port} ({what})"))
                    .collect();
                let place = except.unwrap_or(said);
                sink.push(
                    Diagnostic::new(
                        &code::MESH_PORT_CAPTURED,
                        place.span,
                        format!("the agent's own ports are captured: {}", words(&names)),
                    )
                    .here("not excluded here")
                    .help("write `ISTIO_LOCAL_EXCLUDE_PORTS='22,15090,15021,15020'`"),
                );
            }
        }
        for (_, rules) in machine.rulesets() {
            let captured: Vec<_> = SERVED
                .iter()
                .filter_map(|(port, what)| Some((arrives(rules, *port)?, format!("{port} ({what})"))))
                .collect();
            // Whoever leaves none of them alone may have reasons; whoever forgets one has none.
            let forgotten = captured.len() < SERVED.len();
            if let Some(((_, span), _)) = captured.first().filter(|_| forgotten) {
                let names: Vec<_> = captured.iter().map(|(_, name)| name).collect();
                sink.push(
                    Diagnostic::new(
                        &code::MESH_PORT_CAPTURED,
                        *span,
                        format!("the agent's own ports are captured: {}", words(&names)),
                    )
                    .here("this redirects them")
                    .help("put `-p tcp -m multiport --dports 15020,15021,15090 -j RETURN` before it"),
                );
            }
        }
    }
}
