use super::Context;
use super::scope::places;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Engine, Service};

/// istiod fetches keys for the proxies that it serves; a VM without istiod has only those that the spec holds.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let services = place.services(context);
        let Some(service) = services.into_iter().find(|service| on_machines(service)) else {
            continue;
        };
        for jwt in place.decl.decl.jwt.iter().filter(|jwt| jwt.jwks.is_none()) {
            let span = jwt.jwks_uri.as_ref().map_or(jwt.issuer.span, |uri| uri.span);
            let message = format!(
                "the VMs of `{}` have no keys of \"{}\": they refuse requests with its tokens",
                service.name, jwt.issuer.value
            );
            sink.push(
                Diagnostic::new(&code::JWT_WITHOUT_KEYS, span, message)
                    .here("istiod fetches keys for pods only")
                    .label(service.span, "runs on VMs")
                    .help("write the keys themselves: `jwks=#\"{\"keys\": […]}\"#`"),
            );
        }
    }
}

fn on_machines(service: &Service) -> bool {
    service.groups.iter().any(|group| group.engine == Engine::Meshd)
}
