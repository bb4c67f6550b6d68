//! The shape of values that HTTP knows.

use super::text;

/// Conditions that Envoy takes (`x-envoy-retry-on` and `x-envoy-retry-grpc-on`) and Istio lets through.
pub(super) const RETRY_CONDITIONS: &[&str] = &[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "refused-stream",
    "retriable-4xx",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// A condition of retries, or the status code of an error. Istio takes only codes that are registered.
pub(super) fn is_retry_condition(text: &str) -> bool {
    let registered =
        |code: u16| matches!(code, 400..=418 | 421..=426 | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511);
    RETRY_CONDITIONS.contains(&text) || text.len() == 3 && text.parse().is_ok_and(registered)
}

/// A host name or an address, with or without a port.
pub(super) fn is_authority(text: &str) -> bool {
    let host = |text: &str| text::is_domain(&text.to_ascii_lowercase());
    if text.parse::<std::net::SocketAddr>().is_ok() || text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    match text.rsplit_once(':') {
        Some((name, port)) => host(name) && port.parse().ok().and_then(text::port_number).is_some(),
        None => host(text),
    }
}

/// `*`, `https://a.example`, `https://*.example.com:8443`, `null`.
pub(super) fn is_origin(text: &str) -> bool {
    if matches!(text, "*" | "null") {
        return true;
    }
    let Some((scheme, host)) = text.split_once("://") else {
        return false;
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    scheme_fits && is_authority(host.strip_prefix("*.").unwrap_or(host))
}

/// `5%`, `0.1%`: millionths.
pub(super) fn share(text: &str) -> Option<u64> {
    let number = text.strip_suffix('%')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > DECIMALS || number.ends_with('.') {
        return None;
    }
    let millionths: u64 = format!("{whole}{part:0<DECIMALS$}").parse().ok()?;
    (millionths <= 1_000_000).then_some(millionths)
}

/// Decimals of a share in percent that Envoy can tell apart.
const DECIMALS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_millionths() {
        assert_eq!(share("5%"), Some(50_000));
        assert_eq!(share("0.1%"), Some(1000));
        assert_eq!(share("100%"), Some(1_000_000));
        for wrong in ["5", "101%", "%", "-1%", ".5%", "1.%", "0.00001%", "1e2%"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn origins_have_a_scheme_and_no_path() {
        for right in [
            "*",
            "https://a.example",
            "http://*.example.com:8080",
            "https://10.0.0.1",
        ] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://*",
            "https://a.*.example",
            "://a",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn conditions_of_retries_are_words_of_envoy_or_errors() {
        assert!(is_retry_condition("5xx") && is_retry_condition("503"));
        assert!(
            !is_retry_condition("499")
                && !is_retry_condition("6xx")
                && !is_retry_condition("200")
                && !is_retry_condition("0503")
        );
    }
}
