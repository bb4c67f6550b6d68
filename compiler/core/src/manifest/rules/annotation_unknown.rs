use super::annotation::{KNOWN, known, written};
use super::index::Index;
use crate::diag::{Diagnostic, Fix, Sink, code, did_you_mean};

/// Labels that look like annotations.
const LABELS: &[&str] = &[
    "istio.io/dataplane-mode",
    "istio.io/global",
    "istio.io/tag",
    "istio.io/use-waypoint",
    "istio.io/use-waypoint-namespace",
    "istio.io/waypoint-for",
    "networking.istio.io/enable-autoallocate-ip",
    "networking.istio.io/gatewayPort",
    "security.istio.io/tlsMode",
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
    "topology.istio.io/cluster",
    "topology.istio.io/network",
    "topology.istio.io/subzone",
];

/// Istio has an annotation of this name.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for written in written(index) {
        let key = &written.entry.key;
        if known(&key.value).is_some() {
            continue;
        }
        if LABELS.contains(&key.value.as_str()) {
            let message = format!("`{}` is a label, and says nothing as an annotation", key.value);
            sink.push(
                Diagnostic::new(&code::ANNOTATION_UNKNOWN, key.span, message)
                    .help("write it below `labels` instead of `annotations`"),
            );
            continue;
        }
        let names = || KNOWN.iter().map(|known| known.name);
        let message = format!("Istio has no annotation `{}`: it says nothing", key.value);
        let found = Diagnostic::new(&code::ANNOTATION_UNKNOWN, key.span, message);
        sink.push(match did_you_mean(&key.value, names()) {
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::meant(key.span, &key.value, names())),
            None => found.help("leave it out; if it is your own, take a domain of your own for it"),
        });
    }
}
