use super::index::Index;
use super::pods;
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, code};

/// The user of the proxy, which capture leaves alone.
const PROXY: &str = "1337";

/// An application in a pod runs as another user than the proxy, or its connections go round the mesh.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for workload in index.pods() {
        let object = workload.object;
        let Some(spec) = pods::template(object).and_then(|template| template.at(&["spec"])) else {
            continue;
        };
        let of_all = spec
            .at(&["securityContext", "runAsUser"])
            .and_then(crate::syntax::Datum::text);
        let runs_as = |container: &crate::syntax::Datum| {
            let own = container.at(&["securityContext", "runAsUser"]);
            own.and_then(crate::syntax::Datum::text)
                .or_else(|| of_all.clone())
        };
        let applications = pods::containers(object).filter(|container| !is_istios(container));
        let mut users: Vec<_> = applications
            .filter_map(runs_as)
            .filter(|user| user.value == PROXY)
            .map(|user| user.span)
            .collect();
        users.dedup();
        for span in users {
            let message = format!(
                "the application of the {} runs as user {PROXY}, which is the proxy's: its connections go round the mesh",
                shown(object)
            );
            sink.push(Diagnostic::new(&code::PROXY_USER, span, message).help("write another user"));
        }
    }
}

/// The proxy itself, or what prepares its capture.
fn is_istios(container: &crate::syntax::Datum) -> bool {
    const NAMES: &[&str] = &[
        "istio-proxy",
        "istio-init",
        "istio-validation",
        "enable-core-dump",
    ];
    let named = |name: &str| container.field_text("name").is_some_and(|own| own.value == name);
    let image = container.field_text("image").map(|image| image.value);
    NAMES.iter().any(|name| named(name))
        || image.is_some_and(|image| image == "auto" || image.contains("/proxyv2"))
}
