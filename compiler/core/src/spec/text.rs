//! The small grammars inside values.

pub(super) mod machine;

use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::Millis;
use mesh_wire::cluster::Locality;

use crate::diag::{Span, Spanned};

/// A name of Kubernetes (RFC 1123 label).
pub(super) fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The longest label of DNS (RFC 1035, section 2.3.4).
pub(super) const LONGEST_LABEL: usize = 63;
/// The longest name of DNS, as Kubernetes takes it.
pub(super) const LONGEST_NAME: usize = 253;

/// The name of a Service, which begins with a letter (Kubernetes, RFC 1035 label).
pub(super) fn is_service_name(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Names with dots between (RFC 1123 subdomain).
pub(super) fn is_domain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The same, or all below it.
pub(super) fn is_host(text: &str) -> bool {
    is_domain(text.strip_prefix("*.").unwrap_or(text)) && text.parse::<IpAddr>().is_err()
}

/// A port's name (Kubernetes IANA_SVC_NAME).
pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_label(text)
        && !text.contains("--")
        && text.contains(|c: char| c.is_ascii_lowercase())
}

/// The value of a Kubernetes label; not empty here.
pub(super) fn is_label_value(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
}

/// The key of a Kubernetes label: `app`, `topology.istio.io/network`.
pub(super) fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_domain(prefix) && is_label_value(name),
        None => is_label_value(text),
    }
}

pub(super) fn is_version(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let number =
        |part: &&str| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(number)
}

pub(super) fn port_number(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port > 0)
}

/// A user or group of a machine: what useradd takes, or a number.
pub(super) fn is_owner(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphabetic() || c == '_';
    let inner = |c: char| edge(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    text.parse::<u32>().is_ok()
        || ((1..=32).contains(&text.len()) && text.starts_with(edge) && text.chars().all(inner))
}

/// The name of a network interface (Linux IFNAMSIZ), or its beginning and `*`.
pub(super) fn is_interface(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':');
    (1..16).contains(&name.len()) && name.chars().all(inner)
}

/// An HTTP status.
pub(super) fn status(number: u64) -> Option<u16> {
    u16::try_from(number)
        .ok()
        .filter(|status| (100..=599).contains(status))
}

/// A number above 0.
pub(super) fn decimal(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| *number > 0.0 && number.is_finite())
}

/// `region`, `region/zone`, `region/*`, `*`.
pub(super) fn is_place(text: &str) -> bool {
    match text.strip_suffix('*') {
        Some("") => true,
        Some(before) => before
            .strip_suffix('/')
            .is_some_and(|place| locality(place).is_some_and(|place| place.subzone.is_empty())),
        None => locality(text).is_some(),
    }
}

/// The key of a label, or `KEY=VALUE`.
pub(super) fn is_label_choice(text: &str) -> bool {
    match text.split_once('=') {
        Some((key, value)) => is_label_key(key) && is_label_value(value),
        None => is_label_key(text),
    }
}

/// A name in a certificate: a host or a URI.
pub(super) fn is_san(text: &str) -> bool {
    is_host(text)
        || text
            .split_once("://")
            .is_some_and(|(scheme, rest)| is_label(scheme) && !rest.is_empty() && !rest.contains(' '))
}

/// A path with `*` at one end, or with templates in it (AuthorizationPolicy `paths`).
pub(super) fn is_path_pattern(text: &str) -> bool {
    if text.contains(['{', '}']) {
        return is_path_template(text);
    }
    let inner = text
        .strip_prefix('*')
        .or_else(|| text.strip_suffix('*'))
        .unwrap_or(text);
    (text.starts_with('/') || text.starts_with('*')) && !inner.contains(['*', ' ', '?', '#'])
}

/// A path whose parts are texts, `{*}` or, before the end only once, `{**}`, behind which no other may stand (Istio
/// `pkg/config/security`, CheckValidPathTemplate).
fn is_path_template(text: &str) -> bool {
    let literal = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()+,;:@=".contains(c);
        !part.is_empty() && part.chars().all(known)
    };
    let mut rest = false;
    text.starts_with('/')
        && text.trim_matches('/').split('/').all(|part| match part {
            "{*}" => !rest,
            "{**}" => !std::mem::replace(&mut rest, true),
            _ => literal(part),
        })
}

/// A host name, perhaps with a port, with `*` at one end (AuthorizationPolicy `hosts`).
pub(super) fn is_host_pattern(text: &str) -> bool {
    let inner = text
        .strip_prefix('*')
        .or_else(|| text.strip_suffix('*'))
        .unwrap_or(text);
    let known = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    !text.is_empty() && inner.chars().all(known)
}

pub(super) fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        !host.is_empty() && !rest.contains(char::is_whitespace)
    })
}

/// A set of at least one key (RFC 7517), none of them private or symmetric: the spec is no place for secrets.
pub(super) fn is_jwks(text: &str) -> bool {
    let Ok(set) = serde_json::from_str::<serde_json::Value>(text) else {
        return false;
    };
    let public =
        |key: &serde_json::Value| key["kty"].is_string() && key.get("d").is_none() && key.get("k").is_none();
    set["keys"]
        .as_array()
        .is_some_and(|keys| !keys.is_empty() && keys.iter().all(public))
}

/// An address, or a range whose address is its first.
pub(super) fn ip_block(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>()
        .ok()
        .map(IpNet::from)
        .or_else(|| cidr(text))
}

/// A token of capitals.
pub(super) fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// A name that every shell takes (POSIX).
pub(super) fn is_env_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(word) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// A token (RFC 9110, section 5.6.2).
pub(super) fn is_header_name(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

/// `webapp`, `ops/backup`, `ops/*`, `*`, `spiffe://DOMAIN/…`.
pub(super) fn is_caller(text: &str) -> bool {
    if let Some(identity) = text.strip_prefix("spiffe://") {
        return is_identity(identity);
    }
    match text.split_once('/') {
        Some((namespace, name)) => is_label(namespace) && (name == "*" || is_label(name)),
        None => text == "*" || is_label(text),
    }
}

/// What follows `spiffe://`: all of a trust domain, of one of its namespaces, or one account.
fn is_identity(text: &str) -> bool {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [domain, "*"] => is_domain(domain),
        [domain, "ns", namespace, "*"] => is_domain(domain) && is_label(namespace),
        [domain, "ns", namespace, "sa", account] => {
            is_domain(domain) && is_label(namespace) && is_domain(account)
        }
        _ => false,
    }
}

/// `30s`, `1h30m`, `500ms`.
pub(super) fn duration(text: &str) -> Option<Millis> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, millis) = UNITS.iter().find(|(unit, _)| {
            rest.strip_prefix(unit)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        })?;
        rest = &rest[unit.len()..];
        total = number
            .checked_mul(*millis)
            .and_then(|part| total.checked_add(part))?;
    }
    (!text.is_empty() && total <= MAX_MILLIS).then_some(Millis(total))
}

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// A year: anything longer is a mistake, and this keeps sums far from overflow.
const MAX_MILLIS: u64 = 366 * 24 * 3_600_000;

pub(super) fn percent(text: &str) -> Option<u64> {
    text.strip_suffix('%')?.parse().ok().filter(|share| *share <= 100)
}

/// A range whose address is its first.
pub(super) fn cidr(text: &str) -> Option<IpNet> {
    text.parse().ok().filter(|range: &IpNet| range.trunc() == *range)
}

/// The range that somebody meant who wrote an address inside it, or a single address.
pub(super) fn cidr_meant(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .map(|range| range.trunc())
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `region/zone/subzone`, at least the first.
pub(super) fn locality(text: &str) -> Option<Locality> {
    let parts: Vec<_> = text.split('/').collect();
    if parts.len() > 3 || !parts.iter().all(|part| is_label_value(part)) {
        return None;
    }
    let part = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
    Some(Locality {
        region: part(0),
        zone: part(1),
        subzone: part(2),
    })
}

/// The parts of a list by comma. Each has its own place where the text stands in the file as it is.
pub(super) fn parts(text: &str, span: Span) -> Vec<Spanned<String>> {
    let length = span.end.saturating_sub(span.start);
    let first = match length.checked_sub(text.len()) {
        Some(0) => Some(span.start),
        Some(2) => Some(span.start + 1),
        _ => None,
    };
    let mut at = 0;
    let mut found = Vec::new();
    for part in text.split(',') {
        let trimmed = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        at += part.len() + 1;
        let place = first.map_or(span, |first| Span {
            start: first + start,
            end: first + start + trimmed.len(),
            ..span
        });
        if !trimmed.is_empty() {
            found.push(Spanned {
                value: trimmed.to_owned(),
                span: place,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_units() {
        assert_eq!(duration("1h30m"), Some(Millis(5_400_000)));
        assert_eq!(duration("500ms"), Some(Millis(500)));
        for wrong in [
            "",
            "5",
            "s",
            "5x",
            "-5s",
            "99999999999999999999s",
            "9999999h",
            "5 s",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

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

    #[test]
    fn callers_are_names_or_identities() {
        for caller in [
            "webapp",
            "ops/backup",
            "ops/*",
            "*",
            "spiffe://partner.example/*",
            "spiffe://cluster.local/ns/ops/*",
            "spiffe://cluster.local/ns/ops/sa/backup",
        ] {
            assert!(is_caller(caller), "{caller}");
        }
        for wrong in [
            "",
            "a/b/c",
            "cluster.local/ns/a/sa/b",
            "spiffe://",
            "spiffe://a/b",
            "web*",
        ] {
            assert!(!is_caller(wrong), "{wrong}");
        }
    }

    #[test]
    fn key_sets_hold_public_keys_only() {
        assert!(is_jwks(r#"{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}"#));
        for wrong in [
            "",
            "{}",
            r#"{"keys": []}"#,
            r#"{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "d": "secret"}]}"#,
            r#"{"keys": [{"kty": "oct", "k": "secret"}]}"#,
        ] {
            assert!(!is_jwks(wrong), "{wrong}");
        }
    }

    #[test]
    fn parts_know_their_places() {
        let span = Span {
            start: 10,
            end: 19,
            ..Span::default()
        };
        let found = parts("ab, cd,", span);
        let places: Vec<_> = found
            .iter()
            .map(|part| (part.value.as_str(), part.span.start, part.span.end))
            .collect();
        assert_eq!(places, [("ab", 11, 13), ("cd", 15, 17)]);
    }

    #[test]
    fn patterns_have_a_star_at_one_end() {
        assert!(is_path_pattern("/api/*") && is_path_pattern("*/health") && is_path_pattern("*"));
        assert!(is_path_pattern("/users/{*}/posts/{**}") && is_path_pattern("/{**}/end"));
        assert!(!is_path_pattern("/{**}/a/{*}") && !is_path_pattern("/a{*}") && !is_path_pattern("/{id}"));
        assert!(!is_path_pattern("/{*}/b*") && !is_path_pattern("{*}/a"));
        assert!(!is_path_pattern("/a/*/b") && !is_path_pattern("api") && !is_path_pattern("/a?b"));
    }
}
