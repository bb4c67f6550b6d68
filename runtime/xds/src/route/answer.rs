//! Answers that the proxy gives itself.

use mesh_wire::route::{DirectResponse, PathRewrite, Redirect};
use serde_json::json;

use super::forward;
use crate::reader::Reader;

pub(super) fn redirect(mut action: Reader<'_>) -> Redirect {
    let code = action.word("response_code");
    let status = match code.as_deref() {
        None | Some("MOVED_PERMANENTLY") => 301,
        Some("FOUND") => 302,
        Some("SEE_OTHER") => 303,
        Some("TEMPORARY_REDIRECT") => 307,
        Some("PERMANENT_REDIRECT") => 308,
        Some(other) => {
            action.tell(
                "response_code",
                &json!(other),
                "a redirection that is not known; it is 301",
            );
            301
        }
    };
    let secure = action.flag("https_redirect") == Some(true);
    let scheme = action.some_text("scheme_redirect");
    let path = action.some_text("path_redirect").map(PathRewrite::Full);
    Redirect {
        status,
        scheme: scheme.or(secure.then(|| "https".to_owned())),
        host: action.some_text("host_redirect"),
        port: action.number("port_redirect"),
        path: path.or_else(|| forward::rewrite(&mut action, "prefix_rewrite")),
    }
}

pub(super) fn respond(mut action: Reader<'_>) -> DirectResponse {
    let body = action.message("body").map(|mut body| body.text("inline_string"));
    DirectResponse {
        status: action.number("status").unwrap_or(200),
        body: body.unwrap_or_default(),
    }
}
