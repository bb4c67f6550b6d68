use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use hyper::ext::ReasonPhrase;

use super::decode::Decoder;
use super::input::Input;
use super::{Error, LONGEST_HEAD, MOST_HEADERS};
use crate::peer;

/// What comes before the body of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Where it is not the one that belongs to the status.
    pub(super) reason: Option<ReasonPhrase>,
    pub(super) body: Decoder,
    /// The server takes another request afterwards.
    pub(super) goes_on: bool,
}

/// The head of the answer to a request of this method, as soon as it is whole. What is only informational is passed over.
pub(super) fn answer(input: &mut Input, method: &Method) -> Result<Option<Head>, Error> {
    loop {
        let mut fields = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let read = input.bytes();
        let end = match config.parse_response_with_uninit_headers(&mut parsed, read, &mut fields) {
            Ok(httparse::Status::Complete(end)) if end <= LONGEST_HEAD => end,
            Ok(httparse::Status::Partial) if read.len() <= LONGEST_HEAD => return Ok(None),
            Ok(_) => return Err(Error::Bad("its head is too long")),
            Err(httparse::Error::TooManyHeaders) => return Err(Error::Bad("it has too many headers")),
            Err(_) => return Err(Error::Bad("its head cannot be read")),
        };
        let status = StatusCode::from_u16(parsed.code.unwrap_or_default());
        let status = status.map_err(|_| Error::Bad("its status is none"))?;
        let is_1_1 = parsed.version == Some(1);
        let reason = parsed
            .reason
            .filter(|reason| Some(*reason) != status.canonical_reason());
        let reason = reason.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok());
        // Where each value is in what was read, which is handed out in slices.
        let start = read.as_ptr() as usize;
        let mut places = [(0, 0); MOST_HEADERS];
        let mut headers = HeaderMap::with_capacity(parsed.headers.len() + ROOM);
        let mut names = Vec::with_capacity(parsed.headers.len());
        for (field, place) in parsed.headers.iter().zip(&mut places) {
            let from = field.value.as_ptr() as usize - start;
            *place = (from, from + field.value.len());
            names.push(name(field.name)?);
        }
        let head = input.take(end as u64);
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            continue;
        }
        for (name, (from, to)) in names.into_iter().zip(places) {
            headers.append(name, value(head.slice(from..to))?);
        }
        let goes_on = goes_on(&headers, is_1_1);
        let body = body(&headers, status, method, is_1_1)?;
        return Ok(Some(Head {
            status,
            headers,
            reason,
            goes_on: goes_on
                && !matches!(body, Decoder::Close { .. })
                && status != StatusCode::SWITCHING_PROTOCOLS,
            body,
        }));
    }
}

/// How many headers the proxy itself puts on an answer: the map does not have to grow for them.
const ROOM: usize = 4;

/// Names that come in most messages of a mesh, and that [`http`] would have to allocate.
const KNOWN: [HeaderName; 3] = [
    HeaderName::from_static("x-envoy-upstream-service-time"),
    peer::ID,
    peer::METADATA,
];

fn name(text: &str) -> Result<HeaderName, Error> {
    if let Some(known) = KNOWN.iter().find(|known| known.as_str() == text) {
        return Ok(known.clone());
    }
    HeaderName::from_bytes(text.as_bytes()).map_err(|_| Error::Bad("a header's name is none"))
}

fn value(bytes: Bytes) -> Result<HeaderValue, Error> {
    HeaderValue::from_maybe_shared(bytes).map_err(|_| Error::Bad("a header's value is none"))
}

/// RFC 9112, 9.3: who says `close` once has said it.
fn goes_on(headers: &HeaderMap, is_1_1: bool) -> bool {
    let says = |word: &str| {
        let lists = headers.get_all(CONNECTION).iter();
        lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case(word))
    };
    !says("close") && (is_1_1 || says("keep-alive"))
}

/// RFC 9112, 6.3. What servers of old say twice, or say otherwise than in chunks, is refused, as Envoy does it.
fn body(headers: &HeaderMap, status: StatusCode, method: &Method, is_1_1: bool) -> Result<Decoder, Error> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter().peekable();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter().peekable();
    let has_none = matches!(status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT);
    if has_none && (codings.peek().is_some() || lengths.any(|length| length != "0")) {
        return Err(Error::Bad("it has a body where none may be"));
    }
    if has_none || status == StatusCode::NOT_MODIFIED || *method == Method::HEAD {
        return Ok(Decoder::Length(0));
    }
    if let Some(coding) = codings.next() {
        if !is_1_1 {
            return Err(Error::Bad("HTTP/1.0 knows no transfer encoding"));
        }
        if lengths.peek().is_some() {
            return Err(Error::Bad("it has a length, and comes in chunks"));
        }
        let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !chunked || codings.next().is_some() {
            return Err(Error::Bad("its transfer encoding is not known"));
        }
        return Ok(Decoder::chunked());
    }
    let Some(length) = lengths.next() else {
        return Ok(Decoder::Close { over: false });
    };
    let digits = Some(length.as_bytes()).filter(|text| text.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    length
        .filter(|_| lengths.next().is_none())
        .map(Decoder::Length)
        .ok_or(Error::Bad("its length is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, method: &Method) -> Result<Option<Head>, Error> {
        let mut input = Input::of(text.as_bytes());
        answer(&mut input, method)
    }

    #[test]
    fn a_head_says_how_its_body_ends() {
        for (head, body, goes_on) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", "Length(7)", true),
            ("HTTP/1.1 204 No Content\r\n\r\n", "Length(0)", true),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: x, Close\r\n\r\n",
                "Length(7)",
                false,
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 7\r\n\r\n", "Length(7)", false),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\n",
                "Length(7)",
                true,
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", "Close { over: false }", false),
            (
                "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
                "Length(0)",
                true,
            ),
            (
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n",
                "Length(0)",
                true,
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n",
                "Length(1)",
                true,
            ),
        ] {
            let read = read(head, &Method::GET).unwrap().unwrap();
            assert_eq!(
                (format!("{:?}", read.body), read.goes_on),
                (body.to_owned(), goes_on),
                "{head}"
            );
        }
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n";
        let read_chunked = read(chunked, &Method::GET).unwrap().unwrap();
        assert!(matches!(read_chunked.body, Decoder::Chunked(_)));
        let to_head = read("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", &Method::HEAD);
        assert!(matches!(to_head.unwrap().unwrap().body, Decoder::Length(0)));
        assert!(
            read("HTTP/1.1 200 OK\r\ncontent-", &Method::GET)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn what_two_readers_could_read_otherwise_is_refused() {
        for head in [
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 7, 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\na : c\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            "nothing of the kind\r\n\r\n",
        ] {
            assert!(read(head, &Method::GET).is_err(), "{head}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert!(read(&many, &Method::GET).is_err());
        let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(LONGEST_HEAD));
        assert!(read(&long, &Method::GET).is_err());
    }
}
