//! Which requests are looked at: Envoy writes the decision into the request's ID, and so do we.

use http::HeaderValue;
use http::header::HeaderName;
use mesh_http2::Fields;
use mesh_wire::route::PerMillion;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT_TRACE: HeaderName = HeaderName::from_static("x-client-trace-id");
const FORCE: HeaderName = HeaderName::from_static("x-envoy-force-trace");

/// Where in an ID the decision stands, which else is the version of a random UUID.
const PLACE: usize = 14;
const UNDECIDED: u8 = b'4';
const SAMPLED: u8 = b'9';
const FORCED: u8 = b'a';
const BY_CLIENT: u8 = b'b';

/// Whether the request is looked at: as an earlier proxy decided, because it is asked for, or by chance. The same ID
/// gives the same answer at every hop.
pub(super) fn decide(headers: &mut Fields, share: PerMillion) -> bool {
    let id = headers
        .get(&REQUEST_ID)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let digits = id.get(..8).and_then(|digits| std::str::from_utf8(digits).ok());
    let chance = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let (Some(chance), 36) = (chance, id.len()) else {
        return false;
    };
    let mut id = id.to_vec();
    if id[PLACE] == UNDECIDED {
        id[PLACE] = if headers.contains_key(&CLIENT_TRACE) {
            BY_CLIENT
        } else if headers.contains_key(&FORCE) {
            FORCED
        } else if chance % 1_000_000 < share.0 {
            SAMPLED
        } else {
            UNDECIDED
        };
        if let Ok(value) = HeaderValue::from_bytes(&id) {
            headers.insert(REQUEST_ID, value);
        }
    }
    matches!(id[PLACE], SAMPLED | FORCED | BY_CLIENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(id: &'static str, more: &[(&'static str, &'static str)], share: u32) -> (bool, String) {
        let mut headers = Fields::from_iter([(REQUEST_ID, HeaderValue::from_static(id))]);
        for (name, value) in more {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let decision = decide(&mut headers, PerMillion(share));
        (
            decision,
            headers.get(REQUEST_ID).unwrap().to_str().unwrap().to_owned(),
        )
    }

    #[test]
    fn the_decision_stands_in_the_id() {
        // 0x0f423f is 999,999.
        const ID: &str = "000f423f-0000-4000-8000-000000000000";
        let with = |mark| ID.replace("-4000-", &format!("-{mark}000-"));
        assert_eq!(decided(ID, &[], 999_999), (false, ID.to_owned()));
        assert_eq!(decided(ID, &[], 1_000_000), (true, with('9')));
        assert_eq!(decided(ID, &[("x-envoy-force-trace", "1")], 0), (true, with('a')));
        assert_eq!(decided(ID, &[("x-client-trace-id", "1")], 0), (true, with('b')));
        let before = "000f423f-0000-9000-8000-000000000000";
        assert_eq!(decided(before, &[], 0), (true, before.to_owned()));
        assert_eq!(decided("mine", &[], 1_000_000), (false, "mine".to_owned()));
    }
}
