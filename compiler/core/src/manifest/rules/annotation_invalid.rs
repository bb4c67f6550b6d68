mod value;

use super::annotation::{known, written};
use super::index::Index;
use crate::diag::{Diagnostic, Sink, code};

/// An annotation holds what Istio reads in it: pods with another are refused.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for written in written(index) {
        let Some(holds) = known(&written.entry.key.value).and_then(|known| known.holds) else {
            continue;
        };
        let Some(text) = written.entry.value.text() else {
            continue;
        };
        if let Some(help) = value::broken(holds, &text.value) {
            let message = format!("`{}` cannot be \"{}\"", written.entry.key.value, text.value);
            sink.push(Diagnostic::new(&code::ANNOTATION_INVALID, text.span, message).help(help));
        }
    }
}
