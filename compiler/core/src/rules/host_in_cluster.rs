use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::CLUSTER_DOMAIN;

/// Names below the cluster's domain are those of Services, and Kubernetes gives them.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        if let Some(host) = &service.host {
            look(
                host,
                "leave `host=` out: a service is NAME.NAMESPACE by itself",
                sink,
            );
        }
    }
    for (_, external) in context.spec.externals() {
        look(
            &external.host,
            "write `service` for what lives in the cluster",
            sink,
        );
    }
}

fn look(host: &Spanned<String>, help: &str, sink: &mut Sink) {
    if host.value.ends_with(&format!(".{CLUSTER_DOMAIN}")) {
        let message = format!("`{}` is a name of Kubernetes", host.value);
        sink.push(
            Diagnostic::new(&code::HOST_IN_CLUSTER, host.span, message)
                .help(help)
                .note("a ServiceEntry for it would compete with the Service of that name"),
        );
    }
}
