//! Between the URIs of the protocol and the paths of the compiler.

use std::fmt::Write as _;
use std::str::FromStr as _;

use lsp_types::Uri;

/// The path that `uri` means; what is no file keeps its URI as a name.
pub(super) fn path(uri: &Uri) -> String {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else {
        return text.to_owned();
    };
    let path = rest.find('/').map_or(rest, |start| &rest[start..]);
    decoded(path)
}

/// The URI of the file at `path`.
pub(super) fn uri(path: &str) -> Option<Uri> {
    if !path.starts_with('/') && path.contains(':') {
        return Uri::from_str(path).ok();
    }
    let mut text = "file://".to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    Uri::from_str(&text).ok()
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = |digits: &[u8]| {
            let digits = digits
                .get(..2)
                .and_then(|digits| std::str::from_utf8(digits).ok())?;
            u8::from_str_radix(digits, 16).ok()
        };
        match hex(behind).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris_say_the_same() {
        for (plain, written) in [
            ("/a/spec.kdl", "file:///a/spec.kdl"),
            ("/a b/é%.kdl", "file:///a%20b/%C3%A9%25.kdl"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            assert_eq!(uri(plain).unwrap().as_str(), written);
            assert_eq!(path(&Uri::from_str(written).unwrap()), plain);
        }
        assert_eq!(path(&Uri::from_str("file:///c%3A/x").unwrap()), "/c:/x");
        assert_eq!(
            path(&Uri::from_str("file://host/x%2").unwrap_or_else(|_| uri("/x%2").unwrap())),
            "/x%2"
        );
    }
}
