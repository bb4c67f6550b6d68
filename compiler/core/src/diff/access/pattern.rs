//! Values of policies: exact, `x*`, `*x`, `*`, templates of paths, ranges of addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// A value that no policy names.
const ANYTHING: &str = "\u{1}";

/// `pattern`, asked of the attribute `key`, takes `value`.
pub(super) fn takes(key: &str, pattern: &str, value: &str) -> bool {
    if is_address(key) {
        let (range, address) = (range(pattern), value.parse::<IpAddr>().ok());
        return range
            .zip(address)
            .is_some_and(|(range, address)| range.contains(&address));
    }
    if key == "request.path" && pattern.contains('{') {
        return template(pattern, value);
    }
    let (pattern, value) = if key == "request.host" {
        (pattern.to_ascii_lowercase(), value.to_ascii_lowercase())
    } else {
        (pattern.to_owned(), value.to_owned())
    };
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => !value.is_empty(),
        (Some(end), _) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (None, None) => value == pattern,
    }
}

/// A value that `pattern` takes, and as few other patterns as possible do.
pub(super) fn example(key: &str, pattern: &str) -> String {
    if is_address(key) {
        return range(pattern).map_or_else(|| pattern.to_owned(), |range| range.addr().to_string());
    }
    if key == "request.path" && pattern.contains('{') {
        return pattern.replace("{**}", ANYTHING).replace("{*}", ANYTHING);
    }
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => format!("{ANYTHING}{end}"),
        (None, Some(start)) => format!("{start}{ANYTHING}"),
        (None, None) => pattern.to_owned(),
    }
}

/// A value of the attribute `key` that no pattern names.
pub(super) fn other(key: &str) -> &'static str {
    if is_address(key) { "::" } else { ANYTHING }
}

fn is_address(key: &str) -> bool {
    matches!(key, "source.ip" | "remote.ip" | "destination.ip")
}

fn range(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(alone)
}

/// `{*}` is one part of a path, `{**}` any number of them.
fn template(pattern: &str, value: &str) -> bool {
    let (wanted, there): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), value.split('/').collect());
    parts(&wanted, &there)
}

fn parts(wanted: &[&str], there: &[&str]) -> bool {
    match (wanted, there) {
        ([], []) => true,
        ([first, rest @ ..], _) if first.starts_with("{**}") => {
            (0..=there.len()).any(|taken| parts(rest, &there[taken..]))
        }
        ([first, rest @ ..], [part, others @ ..]) => {
            let same = *first == "{*}" && !part.is_empty() || first == part;
            same && parts(rest, others)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_takes_its_example() {
        for (key, pattern) in [
            ("request.path", "/api/*"),
            ("request.path", "*.html"),
            ("request.path", "/a/{*}/b/{**}"),
            ("request.path", "*"),
            ("source.ip", "10.0.0.0/8"),
            ("source.principal", "cluster.local/ns/a/sa/b"),
        ] {
            let example = example(key, pattern);
            assert!(takes(key, pattern, &example), "{pattern} takes {example}");
        }
        assert!(!takes("request.path", "/api/*", other("request.path")));
        assert!(!takes("request.path", "/a/{*}", "/a/b/c"));
        assert!(!takes("source.ip", "10.0.0.0/8", other("source.ip")));
    }
}
