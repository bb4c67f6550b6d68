//! Paths as Istio has them before anybody looks at them: `normalize_path` (RFC 3986, 6.2.2).
//!
//! Policies and routes must see what the application will see, or `/public/../admin` gets in.

use std::borrow::Cow;

/// `path` without query: escapes of unreserved characters resolved, others that no path has escaped, `.` and `..` gone,
/// `\` as `/`.
pub(crate) fn normalize(path: &str) -> Cow<'_, str> {
    let changes = |byte| matches!(byte, b'%' | b'\\') || is_no_path(byte);
    let plain = !path.bytes().any(changes) && !path.contains("/.");
    if plain {
        return Cow::Borrowed(path);
    }
    Cow::Owned(without_dots(&unescaped(path)))
}

fn unescaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| hex(bytes.get(at + 1), bytes.get(at + 2)))
            .flatten();
        match escaped {
            Some(byte) if is_unreserved(byte) => {
                out.push(byte);
                at += 3;
            }
            _ if is_no_path(bytes[at]) => {
                out.extend_from_slice(format!("%{:02X}", bytes[at]).as_bytes());
                at += 1;
            }
            _ => {
                out.push(if bytes[at] == b'\\' { b'/' } else { bytes[at] });
                at += 1;
            }
        }
    }
    // What was a text stays one: only whole ASCII characters were replaced.
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

fn hex(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

/// What some clients write as it is and RFC 3986 has in no path; Envoy escapes it.
fn is_no_path(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, 5.2.4; what leads above the root ends at it.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut directory = false;
    for segment in path.split('/').skip(1) {
        directory = false;
        match segment {
            "." => directory = true,
            ".." => {
                segments.pop();
                directory = true;
            }
            segment => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &segments {
        out.push('/');
        out.push_str(segment);
    }
    if directory || out.is_empty() {
        out.push('/');
    }
    out
}

/// Brings a path into its normal form: no detour is left in it, whatever it was.
#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let text = String::from_utf8_lossy(read);
    let path = format!("/{text}");
    let normal = normalize(&path);
    assert!(normal.starts_with('/'), "{path} {normal}");
    let detour = |segment: &str| matches!(segment, "." | "..");
    assert!(!normal.split('/').any(detour), "{path} {normal}");
    assert!(
        !normal.contains(['\\', '"', '<', '>', '^', '`', '{', '|', '}']),
        "{path} {normal}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn detours_are_cut_short() {
        for (path, normal) in [
            ("/a/b", "/a/b"),
            ("/public/../admin", "/admin"),
            ("/public/%2e%2E/admin", "/admin"),
            ("/a/./b/.", "/a/b/"),
            ("/../../x", "/x"),
            ("/..", "/"),
            ("/a\\..\\b", "/b"),
            ("/%61dmin", "/admin"),
            ("/a%2fb", "/a%2fb"),
            ("/a%zz", "/a%zz"),
            ("//a", "//a"),
            ("/.hidden", "/.hidden"),
            ("/a\"b{c}|%7e", "/a%22b%7Bc%7D%7C~"),
        ] {
            assert_eq!(normalize(path), normal, "{path}");
        }
    }

    proptest! {
        #[test]
        fn normal_paths_stay_as_they_are(path in "(/[a-z.%2e\\\\]{0,6}){1,5}") {
            let once = normalize(&path).into_owned();
            // An escape of an escape is resolved once only, as Envoy does.
            if !once.contains('%') {
                prop_assert_eq!(normalize(&once).into_owned(), once.clone());
                prop_assert!(!once.split('/').any(|segment| segment == ".."));
            }
            prop_assert!(once.starts_with('/'));
        }
    }
}
