//! Headers that proxies add, and those that must not pass them.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::OnceLock;

use http::header::{CONNECTION, CONTENT_TYPE, COOKIE, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, Version};
use mesh_http2::{Fields, RequestHead};

use super::seen::Seen;
use crate::tls::PeerIdentity;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const ATTEMPTS: HeaderName = HeaderName::from_static("x-envoy-attempt-count");
pub(super) const ORIGINAL_HOST: HeaderName = HeaderName::from_static("x-envoy-original-host");
pub(super) const SERVICE_TIME: HeaderName = HeaderName::from_static("x-envoy-upstream-service-time");
pub(super) const OVERLOADED: HeaderName = HeaderName::from_static("x-envoy-overloaded");
pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(super) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const CLIENT_CERT: HeaderName = HeaderName::from_static("x-forwarded-client-cert");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Envoy's limit of a request's headers, bytes.
pub(super) const MOST: u32 = 60 * 1024;

/// Names and values together, and the path, are more than [`MOST`].
pub(super) fn are_too_long(parts: &RequestHead, seen: &Seen) -> bool {
    let path = parts.path.as_ref().map_or(0, |path| path.as_str().len());
    seen.size + path > MOST as usize
}

/// Takes out what concerns one connection only (RFC 9110, 7.6.1). Says what the request wants to become, if anything.
pub(super) fn strip_hops(headers: &mut Fields) -> Option<HeaderValue> {
    let mut upgrades = false;
    let lists: Vec<HeaderValue> = headers.get_all(CONNECTION).cloned().collect();
    let listed = lists.iter().filter_map(|list| list.to_str().ok());
    for name in listed.flat_map(|list| list.split(',')).map(str::trim) {
        if name.eq_ignore_ascii_case("upgrade") {
            upgrades = true;
        } else if let Ok(name) = HeaderName::try_from(name) {
            // TE: trailers is asked for by gRPC and passes; it is looked at below.
            if name != TE {
                headers.remove(name);
            }
        }
    }
    headers.remove(CONNECTION);
    headers.remove(&KEEP_ALIVE);
    headers.remove(&PROXY_CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    if headers.get_all(TE).any(|te| te != "trailers") {
        headers.remove(TE);
    }
    let upgrade = headers.remove(UPGRADE);
    if upgrades { upgrade } else { None }
}

/// `content-type` says so, whatever messages are made of. gRPC for browsers is another protocol.
pub(super) fn are_of_grpc(headers: &Fields) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
}

/// Makes a request carry what every request in a mesh carries.
pub(super) fn complete(parts: &mut RequestHead, seen: &Seen, encrypted: bool) {
    let headers = &mut parts.headers;
    if seen.internal {
        super::bound::forget_steering(headers);
    }
    if !seen.request_id {
        headers.insert(REQUEST_ID, request_id());
    }
    if !seen.proto {
        let proto = if encrypted { "https" } else { "http" };
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    }
    // HTTP/2 may cut cookies apart; HTTP/1 knows one header (RFC 9113, 8.2.3).
    if parts.version == Version::HTTP_2 && seen.cookies > 1 {
        let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).map(HeaderValue::as_bytes).collect();
        if let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
            headers.insert(COOKIE, whole);
        }
    }
}

/// A random UUID (RFC 9562, version 4).
fn request_id() -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let random = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62;
    let mut id = [b'-'; 36];
    let mut place = 0;
    for (index, byte) in random.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            place += 1;
        }
        id[place] = DIGITS[usize::from(byte >> 4)];
        id[place + 1] = DIGITS[usize::from(byte & 0xf)];
        place += 2;
    }
    HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static(""))
}

/// A number as a header has it; small ones need no memory.
pub(super) fn number(value: u64) -> HeaderValue {
    const SMALL: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let small = usize::try_from(value).ok().and_then(|value| SMALL.get(value));
    small.map_or_else(|| HeaderValue::from(value), |text| HeaderValue::from_static(text))
}

/// What one connection's requests are told of its client, and by whom: it is the same for all that were told nothing before.
pub(super) type Told = (String, HeaderValue);

/// The client's certificate, added to what earlier proxies said (Envoy `APPEND_FORWARD`); without mutual TLS
/// nobody's word is believed.
pub(super) fn forward_client(
    headers: &mut Fields,
    peer: Option<&PeerIdentity>,
    own: &str,
    told: &OnceLock<Option<Told>>,
) {
    let Some(peer) = peer else {
        headers.remove(&CLIENT_CERT);
        return;
    };
    let value = if headers.contains_key(&CLIENT_CERT) {
        certified(headers, peer, own)
    } else {
        let first = told.get_or_init(|| Some((own.to_owned(), certified(headers, peer, own)?)));
        match first {
            Some((by, value)) if by == own => Some(value.clone()),
            _ => certified(headers, peer, own),
        }
    };
    match value {
        Some(value) => _ = headers.insert(CLIENT_CERT, value),
        None => _ = headers.remove(&CLIENT_CERT),
    }
}

fn certified(headers: &Fields, peer: &PeerIdentity, own: &str) -> Option<HeaderValue> {
    let mut value = String::with_capacity(256);
    for before in headers.get_all(&CLIENT_CERT) {
        value.push_str(before.to_str().unwrap_or_default());
        value.push(',');
    }
    // A String takes everything.
    let _infallible = write!(
        value,
        "By={own};Hash={};Subject=\"{}\";URI={}",
        peer.hash,
        peer.subject.replace('"', "\\\""),
        peer.spiffe
    );
    for name in &peer.dns {
        value.push_str(";DNS=");
        value.push_str(name);
    }
    HeaderValue::try_from(value).ok()
}

/// What applications say about client certificates, nobody believes (Envoy `SANITIZE`, outbound).
pub(super) fn forget_client(headers: &mut Fields) {
    headers.remove(&CLIENT_CERT);
}

/// The client's address: the last that X-Forwarded-For names, for that one our own peer wrote.
pub(super) fn client(headers: &Fields, remote: IpAddr) -> IpAddr {
    let last = headers.get_all(&FORWARDED_FOR).next_back();
    let named = last
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next());
    named.and_then(|text| text.trim().parse().ok()).unwrap_or(remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_lists_does_not_pass() {
        let mut headers = Fields::new();
        headers.insert(CONNECTION, HeaderValue::from_static("close, X-Mine, te"));
        headers.insert(HeaderName::from_static("x-mine"), HeaderValue::from_static("1"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(strip_hops(&mut headers), None);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers.get(TE).unwrap(), "trailers");
    }

    #[test]
    fn every_list_of_a_connection_counts() {
        let mut headers = Fields::new();
        headers.append(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.append(CONNECTION, HeaderValue::from_static("x-mine, upgrade"));
        headers.insert(HeaderName::from_static("x-mine"), HeaderValue::from_static("1"));
        headers.append(TE, HeaderValue::from_static("trailers"));
        headers.append(TE, HeaderValue::from_static("gzip"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(
            strip_hops(&mut headers),
            Some(HeaderValue::from_static("websocket"))
        );
        assert!(headers.is_empty(), "{headers:?}");
    }

    #[test]
    fn an_upgrade_is_told() {
        let mut headers = Fields::new();
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(
            strip_hops(&mut headers),
            Some(HeaderValue::from_static("websocket"))
        );
    }

    #[test]
    fn request_ids_are_uuids_of_version_4() {
        let id = request_id();
        let id = id.to_str().unwrap();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }

    #[test]
    fn the_certificate_is_told_as_envoy_does() {
        let peer = PeerIdentity {
            spiffe: "spiffe://cluster.local/ns/forum/sa/api".into(),
            hash: mesh_wire::Sha256::of(b""),
            subject: String::new(),
            dns: Vec::new(),
        };
        let (db, told) = ("spiffe://cluster.local/ns/forum/sa/db", OnceLock::new());
        let mut headers = Fields::new();
        for own in ["spiffe://cluster.local/ns/forum/sa/web", db, db] {
            headers.clear();
            forward_client(&mut headers, Some(&peer), own, &told);
            let text = headers.get(&CLIENT_CERT).unwrap().to_str().unwrap();
            assert!(text.starts_with(&format!("By={own};Hash=")), "{text}");
        }
        headers.insert(CLIENT_CERT, HeaderValue::from_static("By=a"));
        forward_client(&mut headers, Some(&peer), db, &told);
        assert_eq!(
            headers.get(&CLIENT_CERT).unwrap(),
            "By=a,By=spiffe://cluster.local/ns/forum/sa/db;\
             Hash=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;Subject=\"\";\
             URI=spiffe://cluster.local/ns/forum/sa/api"
        );
        forward_client(&mut headers, None, db, &told);
        assert!(headers.is_empty());
    }
}
