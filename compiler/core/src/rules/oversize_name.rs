use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// A Service of Kubernetes (RFC 1035 label).
const SERVICE: usize = 63;
/// A release of Helm.
const RELEASE: usize = 53;

/// Names from which longer ones are made. That a name is too long by itself, the language says.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    if let Some(revision) = context.spec.mesh.as_ref().and_then(|mesh| mesh.revision.as_ref()) {
        let most = SERVICE - "istiod-".len();
        at_most(
            most,
            revision,
            "istiod's Service is called `istiod-REVISION`",
            sink,
        );
    }
    let gateways = context.spec.clusters.iter().flat_map(|cluster| &cluster.gateways);
    for name in gateways.filter_map(|gateway| gateway.name.as_ref()) {
        at_most(RELEASE, name, "it names a release of Helm", sink);
    }
}

fn at_most(most: usize, name: &Spanned<String>, why: &str, sink: &mut Sink) {
    let length = name.value.len();
    if length > most {
        sink.push(
            Diagnostic::new(
                &code::NAME_OVERSIZE,
                name.span,
                format!("the name has {length} characters, and at most {most} fit"),
            )
            .help("write a shorter one")
            .note(why),
        );
    }
}
