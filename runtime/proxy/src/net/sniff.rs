//! What the first bytes of a connection say about it.

use std::time::Duration;

use bytes::BytesMut;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The beginning of every HTTP/2 connection (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Longer than any method in use; Envoy's inspector gives up at the same order.
const LONGEST_METHOD: usize = 32;
/// Blanks that may come before a request; without a bound, nothing but blanks would be read for ever, and kept.
const MOST_BLANKS: usize = 64;
/// A client hello that is longer is none that we would understand.
const LONGEST_HELLO: usize = 64 * 1024;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    Http1,
    Http2,
    /// Something else.
    Other,
}

/// What a TLS client says before anything is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) sni: Option<String>,
    pub(crate) alpn: Vec<Vec<u8>>,
}

/// Reads until `judge` has an answer or the connection ends; what was read stays in `read`.
///
/// `None` where `timeout` came first; `0` waits for ever.
pub(crate) async fn until<S, T>(
    stream: &mut S,
    read: &mut BytesMut,
    timeout: Duration,
    mut judge: impl FnMut(&[u8], bool) -> Option<T>,
) -> std::io::Result<Option<T>>
where
    S: AsyncRead + Unpin,
{
    let reading = async {
        loop {
            if let Some(answer) = judge(read, false) {
                return Ok(Some(answer));
            }
            read.reserve(2048);
            if stream.read_buf(read).await? == 0 {
                return Ok(judge(read, true));
            }
        }
    };
    if timeout.is_zero() {
        return reading.await;
    }
    tokio::time::timeout(timeout, reading).await.unwrap_or(Ok(None))
}

/// Whether these bytes begin HTTP/1 or HTTP/2; `None` while they could still become either.
pub(crate) fn http(read: &[u8], ended: bool) -> Option<Spoken> {
    if PREFACE.starts_with(read) && read.len() < PREFACE.len() {
        return ended.then_some(Spoken::Other);
    }
    if read.starts_with(PREFACE) {
        return Some(Spoken::Http2);
    }
    // A request line: METHOD SP target. Lines may come before it (RFC 9112, 2.2).
    let line = read.trim_ascii_start();
    if read.len() - line.len() > MOST_BLANKS {
        return Some(Spoken::Other);
    }
    let method = line
        .iter()
        .take(LONGEST_METHOD + 1)
        .position(|byte| !is_method(*byte));
    match method {
        Some(0) => Some(Spoken::Other),
        Some(end) if line[end] != b' ' => Some(Spoken::Other),
        Some(end) => match line.get(end + 1) {
            Some(target) if target.is_ascii_graphic() => Some(Spoken::Http1),
            Some(_) => Some(Spoken::Other),
            None => ended.then_some(Spoken::Other),
        },
        None if line.len() > LONGEST_METHOD || ended => Some(Spoken::Other),
        None => None,
    }
}

/// Upper case, digits and `-_` as methods have them: lower case would take greetings of other protocols for one.
fn is_method(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'-' || byte == b'_'
}

/// The client hello, where these bytes are one: `Some(None)` where they are not, `None` while they could be.
pub(crate) fn tls(read: &[u8], ended: bool) -> Option<Option<Hello>> {
    match read.first() {
        None => return ended.then_some(None),
        // A handshake record of TLS (RFC 8446, 5.1).
        Some(0x16) => {}
        Some(_) => return Some(None),
    }
    if read.len() > 1 && read[1] != 0x03 {
        return Some(None);
    }
    let mut acceptor = Acceptor::default();
    let mut rest = read;
    while !rest.is_empty() {
        if acceptor.read_tls(&mut rest).is_err() {
            return Some(None);
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => return Some(Some(hello(&accepted.client_hello()))),
            Ok(None) => {}
            Err(_) => return Some(None),
        }
    }
    (ended || read.len() > LONGEST_HELLO).then_some(None)
}

pub(crate) fn hello(hello: &rustls::server::ClientHello<'_>) -> Hello {
    Hello {
        sni: hello.server_name().map(str::to_owned),
        alpn: hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_and_the_preface_are_told_apart_from_the_rest() {
        assert_eq!(http(b"GET / HTTP/1.1\r\n", false), Some(Spoken::Http1));
        assert_eq!(http(b"\r\nM-SEARCH * HTTP/1.1\r\n", false), Some(Spoken::Http1));
        assert_eq!(http(PREFACE, false), Some(Spoken::Http2));
        assert_eq!(http(b"PRI * HT", false), None);
        assert_eq!(http(b"GE", false), None);
        assert_eq!(http(b"GE", true), Some(Spoken::Other));
        assert_eq!(http(b"\x16\x03\x01", false), Some(Spoken::Other));
        assert_eq!(http(b"EHLO\r\n", false), Some(Spoken::Other));
        assert_eq!(http(b"", false), None);
        assert_eq!(http(&[b'\n'; MOST_BLANKS], false), None);
        assert_eq!(http(&[b'\n'; MOST_BLANKS + 1], false), Some(Spoken::Other));
    }

    #[test]
    fn a_client_hello_shows_its_names() {
        let mut config = rustls::ClientConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"istio-peer-exchange".to_vec(), b"istio".to_vec()];
        let name = "outbound_.3306_._.forum-mysql.forum.svc.cluster.local"
            .try_into()
            .unwrap();
        let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        assert_eq!(tls(&bytes[..bytes.len() - 1], false), None);
        let hello = tls(&bytes, false).flatten().unwrap();
        assert_eq!(
            hello.sni.as_deref(),
            Some("outbound_.3306_._.forum-mysql.forum.svc.cluster.local")
        );
        assert_eq!(hello.alpn, [&b"istio-peer-exchange"[..], b"istio"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail_and_more_bytes_never_change_an_answer(bytes: Vec<u8>, more: Vec<u8>) {
            let longer = [&bytes[..], &more[..]].concat();
            if let Some(answer) = http(&bytes, false) {
                prop_assert_eq!(http(&longer, false), Some(answer));
            }
            let _answer = tls(&longer, true);
        }
    }
}
