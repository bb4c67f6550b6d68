//! Paths of files beside the spec.

use mesh_compiler::{World as _, spec};

use super::{Completion, Context, Insert, Offer, Part};
use crate::tree::Range;

/// What lies in the folder that is typed already.
pub(super) fn offers(context: &Context<'_>, part: &Part) -> Vec<Offer> {
    let folder = part.typed.rfind('/').map_or("", |slash| &part.typed[..=slash]);
    let path = spec::beside(&context.project.file().path, folder);
    let mut entries = context.desk.list(&path).unwrap_or_default();
    // Nobody means the file itself.
    let own = context
        .project
        .file()
        .path
        .strip_prefix(&path)
        .map(|own| own.trim_start_matches('/'));
    entries.retain(|entry| !entry.name.starts_with('.') && Some(entry.name.as_str()) != own);
    entries.sort();
    let typed = Range::new(part.range.start + folder.len(), part.range.end);
    let part = Part {
        range: if part.quoted { typed } else { part.range },
        typed: String::new(),
        quoted: part.quoted,
    };
    entries
        .into_iter()
        .map(|entry| {
            let name = if entry.folder {
                entry.name + "/"
            } else {
                entry.name
            };
            let whole = if part.quoted {
                name.clone()
            } else {
                format!("\"{folder}{name}\"")
            };
            Offer {
                insert: Insert::Text(whole),
                ..context.offer(&name, Completion::File, "", &part)
            }
        })
        .collect()
}
