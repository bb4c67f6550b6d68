use std::collections::HashMap;

use super::index::{Index, file, identity};
use crate::diag::{Diagnostic, Sink, code};

/// Of two objects of one name in one file, the later overwrites the earlier. Files beside each other may be
/// alternatives.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen = HashMap::new();
    for object in index
        .written()
        .iter()
        .filter(|object| !object.name.value.is_empty())
    {
        if let Some(first) = seen.insert((file(object), identity(object)), object) {
            let message = format!(
                "the {} `{}` is written twice",
                object.kind.value, object.name.value
            );
            sink.push(
                Diagnostic::new(&code::OBJECT_TWICE, object.name.span, message)
                    .here("here again")
                    .label(first.name.span, "first here")
                    .help("keep one of them"),
            );
        }
    }
}
