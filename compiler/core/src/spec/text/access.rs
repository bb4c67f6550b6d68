//! What policies of access speak of: callers, requests and keys.

use super::{is_domain, is_label};

/// A path with `*` at one end, or with templates in it (AuthorizationPolicy `paths`).
pub(in crate::spec) fn is_path_pattern(text: &str) -> bool {
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
pub(in crate::spec) fn is_host_pattern(text: &str) -> bool {
    let inner = text
        .strip_prefix('*')
        .or_else(|| text.strip_suffix('*'))
        .unwrap_or(text);
    let known = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    !text.is_empty() && inner.chars().all(known)
}

pub(in crate::spec) fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        !host.is_empty() && !rest.contains(char::is_whitespace)
    })
}

/// A set of at least one key (RFC 7517), none of them private or symmetric: the spec is no place for secrets.
pub(in crate::spec) fn is_jwks(text: &str) -> bool {
    let Ok(set) = serde_json::from_str::<serde_json::Value>(text) else {
        return false;
    };
    let public =
        |key: &serde_json::Value| key["kty"].is_string() && key.get("d").is_none() && key.get("k").is_none();
    set["keys"]
        .as_array()
        .is_some_and(|keys| !keys.is_empty() && keys.iter().all(public))
}

/// A token of capitals.
pub(in crate::spec) fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// A method, with `*` at one end or alone (AuthorizationPolicy `methods`).
pub(in crate::spec) fn is_method_pattern(text: &str) -> bool {
    let inner = text
        .strip_prefix('*')
        .or_else(|| text.strip_suffix('*'))
        .unwrap_or(text);
    text == "*" || is_method(inner)
}

/// A token (RFC 9110, section 5.6.2).
pub(in crate::spec) fn is_header_name(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

/// `webapp`, `ops/backup`, `ops/*`, `*`, `spiffe://DOMAIN/…`.
pub(in crate::spec) fn is_caller(text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn patterns_have_a_star_at_one_end() {
        assert!(is_path_pattern("/api/*") && is_path_pattern("*/health") && is_path_pattern("*"));
        assert!(is_path_pattern("/users/{*}/posts/{**}") && is_path_pattern("/{**}/end"));
        assert!(!is_path_pattern("/{**}/a/{*}") && !is_path_pattern("/a{*}") && !is_path_pattern("/{id}"));
        assert!(!is_path_pattern("/{*}/b*") && !is_path_pattern("{*}/a"));
        assert!(!is_path_pattern("/a/*/b") && !is_path_pattern("api") && !is_path_pattern("/a?b"));
    }
}
