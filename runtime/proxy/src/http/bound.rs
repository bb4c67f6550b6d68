//! How long an answer may take, and what is told of it.

use std::time::Duration;

use http::HeaderValue;
use http::header::HeaderName;
use mesh_http2::Fields;

use super::exchange::Exchange;
use crate::state::routes::Forward;

const EXPECTED: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// What only Envoy's own routes would act on, if its sender were trusted, which in a mesh nobody is (Envoy
/// `ConnectionManagerUtility::cleanInternalHeaders`).
const INTERNAL: [HeaderName; 13] = [
    EXPECTED,
    HeaderName::from_static("x-envoy-force-trace"),
    HeaderName::from_static("x-envoy-internal"),
    HeaderName::from_static("x-envoy-ip-tags"),
    HeaderName::from_static("x-envoy-max-retries"),
    HeaderName::from_static("x-envoy-retriable-header-names"),
    HeaderName::from_static("x-envoy-retriable-status-codes"),
    HeaderName::from_static("x-envoy-retry-grpc-on"),
    HeaderName::from_static("x-envoy-retry-on"),
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
    HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-alt-response"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-ms"),
];
/// gRPC writes no more digits.
const MOST_DIGITS: usize = 8;

/// Takes out what clients could steer a proxy with.
pub(super) fn forget_steering(headers: &mut Fields) {
    for name in &INTERNAL {
        headers.remove(name);
    }
}

impl Exchange<'_> {
    /// The bound of a request: the route's, or what a client of gRPC asks for where that is less. The server is told.
    pub(super) fn timeout(&mut self, forward: &Forward, is_grpc: bool) -> Option<Duration> {
        let headers = &mut self.parts.headers;
        let asked = headers.get(&GRPC_TIMEOUT).filter(|_| is_grpc);
        let asked = asked.and_then(|value| grpc_timeout(value.to_str().ok()?));
        let timeout = match (forward.timeout, asked) {
            (Some(most), Some(asked)) => Some(most.min(asked)),
            (most, asked) => most.or(asked),
        };
        let per_try = forward.retry.as_ref().and_then(|retry| retry.per_try);
        let per_try = per_try.filter(|bound| timeout.is_none_or(|timeout| *bound < timeout));
        if let Some(expected) = per_try.or(timeout) {
            let millis = u64::try_from(expected.as_millis()).unwrap_or(u64::MAX);
            headers.insert(EXPECTED, HeaderValue::from(millis));
            if let Some(told) = is_grpc
                .then(|| HeaderValue::try_from(grpc_text(millis)).ok())
                .flatten()
            {
                headers.insert(GRPC_TIMEOUT, told);
            }
        }
        timeout
    }
}

/// `DIGITS UNIT` (gRPC over HTTP/2, `Timeout`); zero is none.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    let span = match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    (!span.is_zero()).then_some(span)
}

fn grpc_text(millis: u64) -> String {
    match millis {
        0..100_000_000 => format!("{millis}m"),
        _ => format!("{}S", (millis / 1000).min(99_999_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_of_grpc_have_units_and_eight_digits() {
        for (text, span) in [
            ("50m", Some(Duration::from_millis(50))),
            ("2H", Some(Duration::from_secs(7200))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("123456789S", None),
            ("0S", None),
            ("S", None),
            ("", None),
            ("5", None),
            ("-1S", None),
            ("1é", None),
        ] {
            assert_eq!(grpc_timeout(text), span, "{text}");
        }
        assert_eq!(grpc_text(50), "50m");
        assert_eq!(grpc_text(100_000_000), "100000S");
    }
}
