use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{Action, MtlsDecl, ServiceDecl};

/// Where plaintext is let in, `allow` is what keeps strangers out: they have no identity that it could name. What the
/// whole mesh or a namespace says is left alone, since a mesh that is moved into begins so.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        if service.access.of(Action::Allow).next().is_none() && !service.damaged {
            service
                .mtls
                .iter()
                .filter(|mtls| mtls.mode.value != "strict")
                .for_each(|mtls| sink.push(open(service, mtls)));
        }
    }
}

fn open(service: &ServiceDecl, mtls: &MtlsDecl) -> Diagnostic {
    let what = mtls.port.as_ref().map_or_else(
        || format!("`{}`", service.name.value),
        |port| format!("port {} of `{}`", port.value, service.name.value),
    );
    let message = format!("everybody who reaches {what} may call it, without a certificate");
    Diagnostic::new(&code::PERMISSIVE_OPEN, mtls.span, message)
        .here("plaintext is let in")
        .label(service.name.span, "no `allow` says who may call")
        .help("leave it out, so that callers come through the mesh, or write `allow from=…`")
        .note("a port for health or metrics often shows more than one thinks")
}
