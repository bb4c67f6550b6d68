use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// With credentials, "everybody" is whoever a user of the service happens to visit.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    for cors in routes.filter_map(|route| route.cors.as_ref()) {
        let credentials = cors.credentials.as_ref().filter(|credentials| credentials.value);
        let every = cors.origins.value.iter().find(|origin| origin.value == "*");
        if let (Some(credentials), Some(every)) = (credentials, every) {
            sink.push(
                Diagnostic::new(
                    &code::CORS_OPEN,
                    every.span,
                    "pages of every origin may call with the cookies of whoever visits them",
                )
                .here("every origin")
                .label(credentials.span, "with cookies")
                .help("name the origins: \"https://shop.example,https://*.example.com\"")
                .note("browsers refuse the two together; a proxy that names the origin in its answer gets around that"),
            );
        }
    }
}
