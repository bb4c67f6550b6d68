//! What of a request decides which endpoint it keeps to.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::COOKIE;
use mesh_wire::route::HashPolicy;

use crate::cluster::fnv;
use crate::state::matcher::parameter;

/// The hash by the first of `policies` that finds something.
pub(super) fn of(policies: &[HashPolicy], headers: &HeaderMap, query: &str, remote: IpAddr) -> Option<u64> {
    policies.iter().find_map(|policy| match policy {
        HashPolicy::Header(name) => headers.get(name).map(|value| fnv(value.as_bytes())),
        HashPolicy::Cookie { name, .. } => cookie(headers, name).map(|value| fnv(value.as_bytes())),
        HashPolicy::SourceIp => Some(fnv(remote.to_string().as_bytes())),
        HashPolicy::Query(name) => parameter(query, name).map(|value| fnv(value.as_bytes())),
    })
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let texts = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_finds_something_decides() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "ab=1; a=2".parse().unwrap());
        let policies = [
            HashPolicy::Header("x-user".to_owned()),
            HashPolicy::Cookie {
                name: "a".to_owned(),
                path: None,
                ttl: None,
            },
            HashPolicy::SourceIp,
        ];
        let remote = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(of(&policies, &headers, "", remote), Some(fnv(b"2")));
        assert_eq!(
            of(&policies, &HeaderMap::new(), "", remote),
            Some(fnv(b"10.0.0.1"))
        );
        assert_eq!(of(&policies[..2], &HeaderMap::new(), "", remote), None);
    }
}
