use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// Nothing is injected into machines.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    const INJECT: &str = "sidecar.istio.io/inject";
    for group in index
        .kind(NETWORKING, "WorkloadGroup")
        .chain(index.kind(NETWORKING, "WorkloadEntry"))
    {
        let places: [&[&str]; 5] = [
            &["metadata", "annotations", INJECT],
            &["metadata", "labels", INJECT],
            &["spec", "metadata", "annotations", INJECT],
            &["spec", "metadata", "labels", INJECT],
            &["spec", "template", "labels", INJECT],
        ];
        for entry in places.iter().filter_map(|path| group.entry(path)) {
            let message = format!("`{INJECT}` means nothing to a machine: what runs there is installed");
            sink.push(
                Diagnostic::new(&code::INJECT_ANNOTATION, entry.key.span, message).help("leave it out"),
            );
        }
    }
}
