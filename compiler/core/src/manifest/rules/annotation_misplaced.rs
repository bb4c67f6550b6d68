use super::annotation::{known, written};
use super::index::Index;
use crate::diag::{Diagnostic, Sink, code, list};

/// An annotation stands at what it is for.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for written in written(index) {
        let key = &written.entry.key;
        let Some(known) = known(&key.value) else { continue };
        if known.kinds.is_empty() || known.kinds.contains(&written.kind) {
            continue;
        }
        let of_pods = known.kinds.contains(&"Pod");
        let below = written
            .object
            .at(&["spec", "template", "metadata", "annotations", known.name]);
        // What is said of the pods as well is of no harm here.
        if of_pods && below.is_some() {
            continue;
        }
        let message = format!(
            "`{}` says nothing of a {}: it is for {}",
            key.value,
            written.kind,
            list(known.kinds.iter().copied())
        );
        let makes_pods = ["Deployment", "StatefulSet", "DaemonSet", "Job"].contains(&written.kind);
        sink.push(
            Diagnostic::new(&code::ANNOTATION_MISPLACED, key.span, message).help(if of_pods && makes_pods {
                "write it below `spec.template.metadata.annotations`, where the pods take it from".to_owned()
            } else {
                format!(
                    "write it at a {}, or leave it out",
                    list(known.kinds.iter().copied())
                )
            }),
        );
    }
}
