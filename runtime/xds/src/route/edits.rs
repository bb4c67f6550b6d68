//! Changes to headers.

use mesh_wire::route::HeaderEdits;
use serde_json::json;

use crate::reader::Reader;

/// Of the request and of the response.
pub(super) fn both(of: &mut Reader<'_>) -> (HeaderEdits, HeaderEdits) {
    let request = edits(of, "request_headers_to_add", "request_headers_to_remove");
    let response = edits(of, "response_headers_to_add", "response_headers_to_remove");
    (request, response)
}

/// What is overwritten is set, what is appended is added.
fn edits(of: &mut Reader<'_>, add: &str, remove: &str) -> HeaderEdits {
    let mut edits = HeaderEdits {
        remove: of.texts(remove),
        ..HeaderEdits::default()
    };
    for mut option in of.messages(add) {
        let append = option.flag("append");
        let action = option.word("append_action");
        let Some(mut header) = option.message("header") else {
            continue;
        };
        let (name, value) = (header.text("key"), header.text("value"));
        if !value.is_empty() {
            option.skip("keep_empty_value");
        }
        match (action.as_deref(), append) {
            (Some("OVERWRITE_IF_EXISTS_OR_ADD"), _) | (None, Some(false)) => {
                edits.set.insert(name, value);
            }
            (None | Some("APPEND_IF_EXISTS_OR_ADD"), _) => {
                if let Some(before) = edits.add.insert(name.clone(), value) {
                    option.tell(
                        "header",
                        &json!([name, before]),
                        "of two values that are added the later counts",
                    );
                }
            }
            (Some(other), _) => option.tell(
                "append_action",
                &json!([other, name]),
                "a change that is not known",
            ),
        }
    }
    edits
}
