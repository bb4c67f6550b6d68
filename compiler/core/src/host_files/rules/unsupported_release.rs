use super::Context;
use crate::diag::{Sink, Span, Spanned};
use crate::rules::release_ended;

/// What scripts fetch of Istio is of a release that gets its repairs.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        for variable in &command.variables {
            if variable.name.value == "ISTIO_VERSION" && variable.literal {
                release_ended(&variable.value, sink);
            }
        }
        for word in command
            .plain()
            .iter()
            .filter(|word| word.text.starts_with("https://"))
        {
            let own = ["github.com/istio/istio", "githubusercontent.com/istio/istio"];
            if own.iter().any(|own| word.text.contains(own))
                && let Some(version) = in_address(&word.text, word.span)
            {
                release_ended(&version, sink);
            }
        }
    }
}

/// The version in `…/release-1.17/…` or `…/download/1.17.2/…`.
fn in_address(address: &str, span: Span) -> Option<Spanned<String>> {
    let part = address.split('/').find_map(|part| {
        let part = part.strip_prefix("release-").unwrap_or(part);
        let minor = part.strip_prefix("1.")?;
        let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        minor.split('.').all(digits).then_some(part)
    })?;
    Some(Spanned {
        value: part.to_owned(),
        span,
    })
}
