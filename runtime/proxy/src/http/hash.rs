//! What of a request decides which endpoint it keeps to (Envoy `hash_policy`).

use std::net::SocketAddr;

use http::HeaderValue;
use http::header::COOKIE;
use mesh_wire::Millis;
use mesh_wire::route::HashPolicy;

use crate::cluster::xxhash;
use crate::state::matcher::{Asked, parameter};

/// The hash of a request, and the cookie that makes the next one keep to the same endpoint.
#[derive(Debug, Default)]
pub(super) struct Hash {
    pub(super) value: Option<u64>,
    pub(super) cookie: Option<HeaderValue>,
}

/// Both ends of the connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) remote: SocketAddr,
    pub(super) local: SocketAddr,
}

/// The hash by all of `policies` that find something.
pub(super) fn of(policies: &[HashPolicy], asked: &Asked<'_>, ends: Ends) -> Hash {
    let mut hash = Hash::default();
    for policy in policies {
        let found = match policy {
            HashPolicy::Header(name) => header(name, asked),
            HashPolicy::Cookie { name, path, ttl } => match cookie(asked, name) {
                Some(value) => Some(xxhash(value.as_bytes(), 0)),
                None => ttl.map(|life| {
                    // The same for all requests of a connection: those that race get the same.
                    let ends = format!("{}{}", ends.remote, ends.local);
                    let value = format!("{:016x}", xxhash(ends.as_bytes(), 0));
                    hash.cookie = set(name, &value, path.as_deref(), life);
                    xxhash(value.as_bytes(), 0)
                }),
            },
            HashPolicy::SourceIp => Some(xxhash(ends.remote.ip().to_string().as_bytes(), 0)),
            HashPolicy::Query(name) => parameter(asked.query, name).map(|value| xxhash(value.as_bytes(), 0)),
        };
        if let Some(found) = found {
            // Turned, so that the same policy twice does not cancel itself out.
            hash.value = Some(hash.value.map_or(0, |value| value.rotate_left(1)) ^ found);
        }
    }
    hash
}

/// Of all its values, in whatever order they came.
fn header(name: &str, asked: &Asked<'_>) -> Option<u64> {
    let one = |text: &str| Some(xxhash(text.as_bytes(), 0));
    match name {
        ":method" => return one(asked.method),
        ":authority" | "host" => return one(asked.authority),
        ":path" if asked.query.is_empty() => return one(asked.path),
        ":path" => return one(&format!("{}?{}", asked.path, asked.query)),
        _ => {}
    }
    let mut values: Vec<&[u8]> = asked
        .headers
        .iter()
        .filter(|(other, _)| other.as_str().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_bytes())
        .collect();
    values.sort_unstable();
    let hash = values.iter().fold(0, |hash, value| xxhash(value, hash));
    (!values.is_empty()).then_some(hash)
}

/// An empty one counts as absent.
fn cookie<'a>(asked: &Asked<'a>, name: &str) -> Option<&'a str> {
    let texts = asked
        .headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(bare.unwrap_or(value)).filter(|value| !value.is_empty())
}

fn set(name: &str, value: &str, path: Option<&str>, life: Millis) -> Option<HeaderValue> {
    let mut text = format!("{name}=\"{value}\"");
    if !life.is_zero() {
        text.push_str(&format!("; Max-Age={}", life.0 / 1000));
    }
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        text.push_str(&format!("; Path={path}"));
    }
    text.push_str("; HttpOnly");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use mesh_http2::Fields;

    use super::*;

    fn of_headers(policies: &[HashPolicy], headers: &Fields) -> Hash {
        let asked = Asked {
            method: "GET",
            authority: "forum",
            path: "/",
            query: "user=7",
            scheme: "http",
            headers,
        };
        let ends = Ends {
            remote: ([10, 0, 0, 1], 5000).into(),
            local: ([10, 0, 0, 2], 80).into(),
        };
        of(policies, &asked, ends)
    }

    fn by_cookie(ttl: Option<Millis>) -> HashPolicy {
        HashPolicy::Cookie {
            name: "a".to_owned(),
            path: Some("/".to_owned()),
            ttl,
        }
    }

    #[test]
    fn a_cookie_is_found_without_its_quotes() {
        for text in ["ab=1; a=2", "a=\"2\""] {
            let headers = Fields::from_iter([(COOKIE, text.parse().unwrap())]);
            let hash = of_headers(&[by_cookie(None)], &headers);
            assert_eq!(hash.value, Some(xxhash(b"2", 0)), "{text}");
        }
        assert_eq!(of_headers(&[by_cookie(None)], &Fields::new()).value, None);
    }

    #[test]
    fn a_cookie_that_is_absent_is_set_and_hashed() {
        let headers = Fields::from_iter([(COOKIE, "a=".parse().unwrap())]);
        let hash = of_headers(&[by_cookie(Some(Millis::from_secs(60)))], &headers);
        let set = hash.cookie.unwrap();
        let value = format!("{:016x}", xxhash(b"10.0.0.1:500010.0.0.2:80", 0));
        assert_eq!(set, format!("a=\"{value}\"; Max-Age=60; Path=/; HttpOnly"));
        assert_eq!(hash.value, Some(xxhash(value.as_bytes(), 0)));
    }

    #[test]
    fn values_of_a_header_count_in_any_order_and_policies_together() {
        let name = HashPolicy::Header("x-user".to_owned());
        let some = |values: &[&'static str]| -> Fields {
            let pairs = values.iter().map(|value| {
                (
                    http::HeaderName::from_static("x-user"),
                    HeaderValue::from_static(value),
                )
            });
            pairs.collect()
        };
        let one = of_headers(std::slice::from_ref(&name), &some(&["a", "b"])).value;
        assert_eq!(
            one,
            of_headers(std::slice::from_ref(&name), &some(&["b", "a"])).value
        );
        assert_ne!(one, of_headers(std::slice::from_ref(&name), &some(&["a"])).value);
        let both = of_headers(&[name, HashPolicy::Query("user".to_owned())], &some(&["a"])).value;
        assert_eq!(both, Some(xxhash(b"a", 0).rotate_left(1) ^ xxhash(b"7", 0)));
    }
}
