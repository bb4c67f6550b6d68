//! Names: those of Kubernetes, of DNS and of machines.

use std::net::IpAddr;

/// A name of Kubernetes (RFC 1123 label).
pub(in crate::spec) fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The longest label of DNS (RFC 1035, section 2.3.4).
pub(in crate::spec) const LONGEST_LABEL: usize = 63;
/// The longest name of DNS, as Kubernetes takes it.
pub(in crate::spec) const LONGEST_NAME: usize = 253;

/// The name of a Service, which begins with a letter (Kubernetes, RFC 1035 label).
pub(in crate::spec) fn is_service_name(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Names with dots between (RFC 1123 subdomain).
pub(in crate::spec) fn is_domain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The same, or all below it.
pub(in crate::spec) fn is_host(text: &str) -> bool {
    is_domain(text.strip_prefix("*.").unwrap_or(text)) && text.parse::<IpAddr>().is_err()
}

/// A port's name (Kubernetes IANA_SVC_NAME).
pub(in crate::spec) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_label(text)
        && !text.contains("--")
        && text.contains(|c: char| c.is_ascii_lowercase())
}

/// The value of a Kubernetes label; not empty here.
pub(in crate::spec) fn is_label_value(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
}

/// The key of a Kubernetes label: `app`, `topology.istio.io/network`.
pub(in crate::spec) fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_domain(prefix) && is_label_value(name),
        None => is_label_value(text),
    }
}

pub(in crate::spec) fn is_version(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let number =
        |part: &&str| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(number)
}

/// A user or group of a machine: what useradd takes, or a number.
pub(in crate::spec) fn is_owner(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphabetic() || c == '_';
    let inner = |c: char| edge(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    text.parse::<u32>().is_ok()
        || ((1..=32).contains(&text.len()) && text.starts_with(edge) && text.chars().all(inner))
}

/// The name of a network interface (Linux IFNAMSIZ), or its beginning and `*`.
pub(in crate::spec) fn is_interface(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':');
    (1..16).contains(&name.len()) && name.chars().all(inner)
}

/// The key of a label, or `KEY=VALUE`.
pub(in crate::spec) fn is_label_choice(text: &str) -> bool {
    match text.split_once('=') {
        Some((key, value)) => is_label_key(key) && is_label_value(value),
        None => is_label_key(text),
    }
}

/// A name in a certificate: a host or a URI.
pub(in crate::spec) fn is_san(text: &str) -> bool {
    is_host(text)
        || text
            .split_once("://")
            .is_some_and(|(scheme, rest)| is_label(scheme) && !rest.is_empty() && !rest.contains(' '))
}

/// A name that every shell takes (POSIX).
pub(in crate::spec) fn is_env_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(word) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        assert!(is_label("forum-vm-1") && is_domain("cluster.local") && is_host("*.example.com"));
        assert!(!is_label("Forum") && !is_label("-a") && !is_label("") && !is_domain("a..b"));
        assert!(!is_host("10.0.0.1") && !is_host("a.*.b"));
        assert!(
            is_port_name("tcp-mysql") && !is_port_name("8080") && !is_port_name("a-name-that-is-too-long")
        );
        assert!(is_label_key("topology.istio.io/network") && !is_label_key("a/b/c"));
    }
}
