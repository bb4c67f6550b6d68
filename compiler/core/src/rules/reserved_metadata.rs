use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// What is computed from the spec for every machine (Istio `istioctl/pkg/workload`), and what says it in the spec.
const RESERVED: &[(&str, &str)] = &[
    ("CANONICAL_REVISION", "`label version=…`"),
    ("CANONICAL_SERVICE", "`label app=…`"),
    ("CA_ADDR", "`istio revision=…` in `mesh`"),
    ("ISTIO_INBOUND_PORTS", "`port` in the `vms`"),
    ("ISTIO_LOCAL_EXCLUDE_PORTS", "`port` in the `vms`"),
    ("ISTIO_METAJSON_LABELS", "`label`"),
    ("ISTIO_META_AUTO_REGISTER_GROUP", "`registration=auto`"),
    ("ISTIO_META_CLUSTER_ID", "`cluster=` in the `vms`"),
    ("ISTIO_META_DNS_CAPTURE", "`dns capture=…` in `mesh`"),
    ("ISTIO_META_MESH_ID", "the name of the `mesh`"),
    ("ISTIO_META_NETWORK", "`network=` in the `vms`"),
    ("ISTIO_META_POD_PORTS", "`port`"),
    ("ISTIO_META_WORKLOAD_NAME", "the name of the group"),
    ("ISTIO_NAMESPACE", "the name of the namespace"),
    ("ISTIO_SERVICE", "the name of the group"),
    ("ISTIO_SERVICE_CIDR", "the group's `capture`"),
    ("ISTIO_SVC_IP", "`address=` of the `vm`"),
    ("POD_NAMESPACE", "the name of the namespace"),
    ("SERVICE_ACCOUNT", "`account=`"),
    ("TRUST_DOMAIN", "`trust-domain` in `mesh`"),
];

/// What the spec says elsewhere is not said again, and perhaps differently, as a variable.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for name in context.spec.variables() {
        look(name, sink);
    }
}

fn look(name: &Spanned<String>, sink: &mut Sink) {
    if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| *reserved == name.value) {
        sink.push(
            Diagnostic::new(
                &code::RESERVED_METADATA,
                name.span,
                format!("`{}` comes from the rest of the spec", name.value),
            )
            .here("this would be overwritten")
            .help(format!("leave it out: {instead} says it")),
        );
    }
}
