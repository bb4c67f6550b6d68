use super::Context;
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::rules::{minor, release_ended};

/// What scripts fetch of Istio is of a release that gets its repairs.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        for variable in &command.variables {
            if variable.name.value == "ISTIO_VERSION" && variable.literal {
                look(&variable.value, context.istio, sink);
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
                look(&version, context.istio, sink);
            }
        }
    }
}

/// A machine's proxy is of the release of istiod or the one before it: it is never newer.
fn look(version: &Spanned<String>, istio: Option<u32>, sink: &mut Sink) {
    let Some((istiod, own)) = istio.zip(minor(&version.value)) else {
        return release_ended(version, sink);
    };
    let message = if own > istiod {
        format!("Istio {} is newer than istiod 1.{istiod}", version.value)
    } else if own + 1 < istiod {
        format!(
            "Istio {} is {} releases behind istiod 1.{istiod}",
            version.value,
            istiod - own
        )
    } else {
        return release_ended(version, sink);
    };
    sink.push(
        Diagnostic::new(&code::RELEASE_ENDED, version.span, message)
            .here("proxies and istiod of these releases are not tested together")
            .help(format!(
                "use 1.{istiod}, the release of istiod, or 1.{}",
                istiod.saturating_sub(1)
            )),
    );
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
