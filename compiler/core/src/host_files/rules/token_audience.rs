use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::Machine;
use crate::host_files::shell::{Command, Way};

/// istiod takes tokens whose audience is `istio-ca` (TOKEN_AUDIENCES).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for command in machine.commands() {
            if !command.begins(&["kubectl", "create", "token"]) || !is_for_mesh(context, machine, command) {
                continue;
            }
            let audience = command.option("--audience", None);
            let istio = |audience: &str| audience.split(',').any(|one| one == "istio-ca");
            if audience
                .as_ref()
                .is_some_and(|audience| istio(&audience.value) || audience.value.contains('$'))
            {
                continue;
            }
            let (span, here) = match (&audience, command.span()) {
                (Some(audience), _) => (audience.span, "this is another audience"),
                (None, Some(span)) => (span, "the token is for the API server"),
                (None, None) => continue,
            };
            sink.push(
                Diagnostic::new(&code::TOKEN_AUDIENCE, span, "istiod refuses this token")
                    .here(here)
                    .help("write `--audience istio-ca`"),
            );
        }
    }
}

/// The token is the machine's: it is written to a file of such a name, or is of the machine's account.
fn is_for_mesh(context: Context<'_>, machine: &Machine<'_>, command: &Command) -> bool {
    let files = command
        .redirects
        .iter()
        .filter(|redirect| redirect.way == Way::Into);
    let named = files
        .into_iter()
        .any(|redirect| redirect.target.text.contains("istio-token"));
    let words = command.plain();
    let account = words.iter().skip(3).find(|word| !word.text.starts_with('-'));
    let Some(account) = account else { return named };
    let of_machine = context.machines.iter().any(|other| {
        other
            .value("SERVICE_ACCOUNT")
            .is_some_and(|own| own.value == account.text)
    });
    let of_group = context.objects.iter().any(|object| {
        object.is("networking.istio.io", "WorkloadGroup")
            && object
                .text(&["spec", "template", "serviceAccount"])
                .is_some_and(|own| own.value == account.text)
    });
    let moved = machine
        .commands()
        .any(|command| command.words.iter().any(|word| word.text.contains("istio-token")));
    named || of_machine || of_group || moved
}
