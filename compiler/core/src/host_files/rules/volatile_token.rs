use super::{Context, env_not_loaded};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::host_files::Machine;

/// A token in a folder that a restart empties is not all that the machine has: istio-start.sh keeps certificates in
/// /etc/certs (PROV_CERT, OUTPUT_CERTS), and renews them with each other.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Some(token) = token(machine) else { continue };
        let set = |name: &str| machine.said(name).map(|said| &said.variable.value);
        let direct = machine
            .units()
            .find_map(|(_, unit)| env_not_loaded::direct(unit))
            .map(|word| word.span);
        let (place, cause) = match (set("PROV_CERT"), direct) {
            (Some(value), _) if value.value.is_empty() => (value.span, "keeps no certificates"),
            (None, Some(direct)) => (direct, "without istio-start.sh, no PROV_CERT is set"),
            _ => continue,
        };
        sink.push(
            Diagnostic::new(
                &code::TOKEN_VOLATILE,
                token,
                "the token is gone when the machine restarts, and it cannot join again",
            )
            .here("/var/run is emptied by every restart")
            .label(place, cause)
            .help("keep certificates: set PROV_CERT and OUTPUT_CERTS to /etc/certs, as istio-start.sh does"),
        );
    }
}

/// Where a script puts the token into a folder that does not last.
fn token(machine: &Machine<'_>) -> Option<Span> {
    let puts = ["cp", "mv", "install", "tee", "ln"];
    let mut commands = machine
        .commands()
        .filter(|command| puts.iter().any(|program| command.runs(program)));
    commands.find_map(|command| {
        let last = command.words.last()?;
        let volatile = ["/var/run/", "/run/"]
            .iter()
            .any(|start| last.text.starts_with(start));
        (volatile && last.text.contains("istio-token")).then_some(last.span)
    })
}
