//! Paths as programs that show mistakes beside the text take them.

use std::fmt::Write as _;

use crate::diag::{Sources, Span};

/// The path of the file that `span` lies in, without what says nothing; `None` for what is no file, such as a value of
/// the command line.
pub(super) fn in_folder(span: Span, sources: &Sources) -> Option<String> {
    let path = &sources.get(span.file)?.path;
    if path.is_empty() || path.starts_with('-') {
        return None;
    }
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if absolute { format!("/{joined}") } else { joined })
}

/// The same as a reference of a URI (RFC 3986): what has a meaning there is encoded.
pub(super) fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') {
        "file://".to_owned()
    } else {
        String::new()
    };
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            // Writing into a string cannot fail.
            byte => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_no_more_than_they_must() {
        let mut sources = Sources::default();
        for (path, shown) in [
            ("spec.kdl", Some("spec.kdl")),
            ("./a//b/../spec.kdl", Some("a/spec.kdl")),
            ("../../spec.kdl", Some("../../spec.kdl")),
            ("/a/./b.kdl", Some("/a/b.kdl")),
            ("--set", None),
            ("-", None),
        ] {
            let file = sources.add(path, "");
            let span = Span {
                file,
                start: 0,
                end: 0,
            };
            assert_eq!(in_folder(span, &sources).as_deref(), shown, "{path}");
        }
        assert_eq!(uri("a b/한.kdl"), "a%20b/%ED%95%9C.kdl");
        assert_eq!(uri("/a%b"), "file:///a%25b");
    }
}
