//! Texts of a policy as conditions (Istio `authz/matcher`).

use ipnet::IpNet;
use mesh_wire::matcher::{HeaderMatch, StringMatch};

/// `*` at either end stands for anything.
pub(super) fn string(text: &str) -> StringMatch {
    prefixed(text, "")
}

/// The same of texts that all begin with `before`, which `text` leaves out.
pub(super) fn prefixed(text: &str, before: &str) -> StringMatch {
    if text == "*" {
        return StringMatch::Regex(".+".to_owned());
    }
    if let Some(suffix) = text.strip_prefix('*') {
        return if before.is_empty() {
            StringMatch::Suffix(suffix.to_owned())
        } else {
            StringMatch::Regex(format!("{before}.*{}", quoted(suffix)))
        };
    }
    match text.strip_suffix('*') {
        Some(prefix) => StringMatch::Prefix(format!("{before}{prefix}")),
        None => StringMatch::Exact(format!("{before}{text}")),
    }
}

/// A header: `*` asks only that it is there.
pub(super) fn header(name: &str, text: &str) -> HeaderMatch {
    HeaderMatch {
        name: name.to_lowercase(),
        value: (text != "*").then(|| string(text)),
        invert: false,
    }
}

/// The host that the client named, in which letters are compared without case.
pub(super) fn host(text: &str) -> HeaderMatch {
    let mut matching = header(":authority", text);
    matching.value = matching
        .value
        .map(|value| StringMatch::IgnoreCase(Box::new(value)));
    matching
}

/// An address or a range; the checker has read it before.
pub(super) fn net(text: &str) -> Option<IpNet> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

/// `text` as an expression that means just it (Go `regexp.QuoteMeta`).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// The same where `*` stands for what `anything` says.
pub(super) fn quoted_parts(text: &str, anything: &str) -> String {
    let parts: Vec<_> = text.split('*').map(quoted).collect();
    parts.join(anything)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_at_either_end() {
        assert_eq!(string("*"), StringMatch::Regex(".+".to_owned()));
        assert_eq!(string("/api/*"), StringMatch::Prefix("/api/".to_owned()));
        assert_eq!(string("*/health"), StringMatch::Suffix("/health".to_owned()));
        assert_eq!(string("/a.b"), StringMatch::Exact("/a.b".to_owned()));
        let suffix = prefixed("*/sa/a.b", "spiffe://");
        assert_eq!(suffix, StringMatch::Regex(r"spiffe://.*/sa/a\.b".to_owned()));
    }

    #[test]
    fn hosts_are_compared_without_case() {
        let exact = StringMatch::Exact("Api.example.com".to_owned());
        assert_eq!(
            host("Api.example.com").value,
            Some(StringMatch::IgnoreCase(Box::new(exact)))
        );
        assert_eq!(host("*").value, None);
    }
}
