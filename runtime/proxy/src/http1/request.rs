use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{Method, StatusCode, Uri, Version};
use mesh_http2::{Fields, RequestHead};

use super::decode::Decoder;
use super::input::Input;
use super::looked::Looked;
use super::{Error, MOST_HEADERS, fields};

/// More of a request's head than this is not read: Envoy's limit of what is in it, and some for what is between.
const LONGEST_HEAD: usize = 64 * 1024;

/// What comes before the body of a request.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) parts: RequestHead,
    pub(super) body: Decoder,
    /// The client sends another request afterwards.
    pub(super) goes_on: bool,
    /// The client waits to be told that its body is wanted (RFC 9110, 10.1.1).
    pub(super) expects: bool,
}

/// What came is no request that can be answered, and nothing behind it can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// In Envoy's words.
    pub(crate) details: &'static str,
}

impl Refusal {
    const BAD: Self = Self::new(StatusCode::BAD_REQUEST, "http1.codec_error");
    const LONG: Self = Self::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "http1.headers_too_large",
    );
    const MANY: Self = Self::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "http1.too_many_headers",
    );
    const CHARACTERS: Self = Self::new(StatusCode::BAD_REQUEST, "http1.invalid_characters");
    const URL: Self = Self::new(StatusCode::BAD_REQUEST, "http1.invalid_url");
    const SCHEME: Self = Self::new(StatusCode::BAD_REQUEST, "http1.invalid_scheme");
    const AUTHORITY: Self = Self::new(StatusCode::BAD_REQUEST, "http.invalid_authority");
    const CODING: Self = Self::new(StatusCode::NOT_IMPLEMENTED, "http1.invalid_transfer_encoding");
    const BOTH: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "http1.content_length_and_chunked_not_allowed",
    );

    const fn new(status: StatusCode, details: &'static str) -> Self {
        Self { status, details }
    }
}

impl From<Error> for Refusal {
    fn from(_: Error) -> Self {
        Self::BAD
    }
}

/// The next request's head, as soon as it is whole.
pub(super) fn read(input: &mut Input, looked: &mut Looked) -> Result<Option<Head>, Refusal> {
    // RFC 9112, 2.2.
    while input.bytes().starts_with(b"\r\n") {
        input.take(2);
        *looked = Looked::default();
    }
    if input.bytes().starts_with(b"\n") {
        return Err(Refusal::BAD);
    }
    if input.is_empty() || !looked.is_due(input.bytes()) && input.len() <= LONGEST_HEAD {
        return Ok(None);
    }
    let read = input.shared();
    let mut found = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    let config = httparse::ParserConfig::default();
    let end = match config.parse_request_with_uninit_headers(&mut parsed, &read, &mut found) {
        Ok(httparse::Status::Complete(end)) if end <= LONGEST_HEAD => end,
        Ok(httparse::Status::Partial) if read.len() <= LONGEST_HEAD => return Ok(None),
        Ok(_) => return Err(Refusal::LONG),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::MANY),
        Err(httparse::Error::HeaderValue) => return Err(Refusal::CHARACTERS),
        Err(_) => return Err(Refusal::BAD),
    };
    *looked = Looked::default();
    input.take(end as u64);
    if !fields::lines_end(parsed.headers, &read, end) {
        return Err(Refusal::BAD);
    }
    let headers = fields::of(parsed.headers, &read)?;
    let is_1_1 = parsed.version == Some(1);
    let method = Method::from_bytes(parsed.method.unwrap_or_default().as_bytes());
    let method = method.map_err(|_| Refusal::BAD)?;
    let uri = target(parsed.path.unwrap_or_default(), &method, &read)?;
    if let Some(host) = headers.get(HOST)
        && !is_authority(host.as_bytes())
    {
        return Err(Refusal::AUTHORITY);
    }
    let body = body(&headers, is_1_1)?;
    let expects = is_1_1 && expects(&headers) && !body.is_over();
    let goes_on = fields::goes_on(&headers, is_1_1);
    let parts = RequestHead {
        version: if is_1_1 {
            Version::HTTP_11
        } else {
            Version::HTTP_10
        },
        headers,
        ..RequestHead::to(method, uri)
    };
    Ok(Some(Head {
        parts,
        body,
        goes_on,
        expects,
    }))
}

/// A path, a whole URL, `*` for OPTIONS alone, and host and port for CONNECT (RFC 9112, 3.2).
fn target(text: &str, method: &Method, read: &Bytes) -> Result<Uri, Refusal> {
    let is_form = match *method {
        Method::CONNECT => true,
        _ if text.starts_with('/') => true,
        Method::OPTIONS if text == "*" => true,
        _ => text.contains("://"),
    };
    // A fragment is nobody's but the client's own.
    if !is_form || text.contains('#') {
        return Err(Refusal::URL);
    }
    let uri = Uri::from_maybe_shared(read.slice_ref(text.as_bytes())).map_err(|_| Refusal::URL)?;
    match uri.scheme_str() {
        None | Some("http" | "https") => Ok(uri),
        Some(_) => Err(Refusal::SCHEME),
    }
}

/// RFC 3986, 3.2: what is no part of a name or of a port ends it for some.
fn is_authority(host: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()[]*+,;=:@".contains(byte);
    host.iter().all(is_part)
}

/// RFC 9112, 6.3, as strict as Envoy is: one way to say where it ends, and said once.
fn body(headers: &Fields, is_1_1: bool) -> Result<Decoder, Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING);
    let Some(coding) = codings.next() else {
        return Ok(Decoder::Length(fields::length(headers)?.unwrap_or(0)));
    };
    if headers.contains_key(CONTENT_LENGTH) {
        return Err(Refusal::BOTH);
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Refusal::CODING);
    }
    if is_1_1 {
        Ok(Decoder::chunked())
    } else {
        Err(Refusal::BAD)
    }
}

fn expects(headers: &Fields) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|expect| expect.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Heads that are read one after the other, whose bodies are left out, given in pieces that end at `cuts`; where nothing
    /// more can be read, why.
    fn heads(bytes: &[u8], cuts: &[usize]) -> (Vec<String>, Option<Refusal>) {
        let (mut input, mut looked) = (Input::default(), Looked::default());
        let (mut came, mut from) = (Vec::new(), 0);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([bytes.len()]);
        cuts.sort_unstable();
        for to in cuts {
            input.put(&bytes[from..to]);
            from = to;
            loop {
                match read(&mut input, &mut looked) {
                    Ok(Some(head)) => came.push(format!("{head:?}")),
                    Ok(None) => break,
                    Err(refusal) => return (came, Some(refusal)),
                }
            }
        }
        (came, None)
    }

    fn head(text: &str) -> Result<Option<Head>, Refusal> {
        read(&mut Input::of(text.as_bytes()), &mut Looked::default())
    }

    #[test]
    fn a_head_says_how_its_body_ends_and_what_follows() {
        for (fields, body, goes_on, expects) in [
            ("", "Length(0)", true, false),
            ("Content-Length: 5\r\n", "Length(5)", true, false),
            ("Transfer-Encoding: Chunked\r\n", "Chunked(Size)", true, false),
            ("Connection: x, CLOSE\r\n", "Length(0)", false, false),
            (
                "Content-Length: 5\r\nExpect: 100-Continue\r\n",
                "Length(5)",
                true,
                true,
            ),
            ("Expect: 100-continue\r\n", "Length(0)", true, false),
        ] {
            let head = head(&format!("POST /a?b HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
            let head = head.unwrap().unwrap();
            assert_eq!(
                (format!("{:?}", head.body), head.goes_on, head.expects),
                (body.to_owned(), goes_on, expects),
                "{fields}"
            );
        }
        let old = |more: &str| head(&format!("GET / HTTP/1.0\r\n{more}\r\n")).unwrap().unwrap();
        assert!(!old("").goes_on && old("Connection: Keep-Alive\r\n").goes_on);
        assert_eq!(old("").parts.version, Version::HTTP_10);
    }

    #[test]
    fn what_two_readers_could_read_otherwise_is_refused() {
        for (head, refusal) in [
            ("GET / HTTP/1.1\nHost: a\n\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", Refusal::CHARACTERS),
            ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", Refusal::CHARACTERS),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Refusal::BAD),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Refusal::AUTHORITY),
            ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::SCHEME),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Refusal::BAD),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", Refusal::BAD),
            ("GET /\r\nHost: a\r\n\r\n", Refusal::BAD),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::URL),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::URL),
            ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::URL),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                Refusal::BAD,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                Refusal::BAD,
            ),
            ("POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n", Refusal::BAD),
            ("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", Refusal::BAD),
            ("POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n", Refusal::BAD),
            ("POST / HTTP/1.1\r\nContent-Length: 1 1\r\n\r\n", Refusal::BAD),
            ("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", Refusal::BAD),
            (
                "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
                Refusal::BAD,
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                Refusal::BAD,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                Refusal::BOTH,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                Refusal::BOTH,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                Refusal::CODING,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
                Refusal::CODING,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                Refusal::CODING,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
                Refusal::CODING,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
                Refusal::CODING,
            ),
            ("POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n", Refusal::CODING),
        ] {
            assert_eq!(
                heads(head.as_bytes(), &[]),
                (Vec::new(), Some(refusal)),
                "{head:?}"
            );
            let pieces: Vec<usize> = (0..head.len()).collect();
            assert_eq!(
                heads(head.as_bytes(), &pieces),
                (Vec::new(), Some(refusal)),
                "{head:?}"
            );
        }
    }

    #[test]
    fn a_head_has_its_bounds() {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(heads(many.as_bytes(), &[]).1, Some(Refusal::MANY));
        let long = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(LONGEST_HEAD));
        assert_eq!(heads(long.as_bytes(), &[]).1, Some(Refusal::LONG));
        assert_eq!(heads(long.as_bytes(), &[40]).1, Some(Refusal::LONG));
    }

    /// Pieces that requests are made of, and what spoils them; what ends a head comes last, so that none is waited for.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("GET / HTTP/1.1\r\n"),
            Just("POST /a HTTP/1.1\r\n"),
            Just("Host: a\r\n"),
            Just("Connection: close\r\n"),
            Just("Content-Length: 0\r\n"),
            Just("x: y\r\n"),
            Just("\r\n"),
            Just("\r\n\r\n"),
            Just("\n"),
            Just("\r"),
            Just(" "),
            Just("\0"),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| (pieces.concat() + "\r\n\r\n").into_bytes())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(bytes in text(), cuts in prop::collection::vec(any::<usize>(), 0..12)) {
            prop_assert_eq!(heads(&bytes, &cuts), heads(&bytes, &[]));
        }
    }
}
