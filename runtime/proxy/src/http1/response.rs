use std::mem::MaybeUninit;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use mesh_http2::Fields;

use super::decode::Decoder;
use super::input::Input;
use super::looked::Looked;
use super::{Error, MOST_HEADERS, fields};

/// More of an answer's head than this is not read. Envoy takes longer ones than of requests too.
const LONGEST_HEAD: usize = 400 * 1024;

/// What comes before the body of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: Fields,
    pub(super) body: Decoder,
    /// The server takes another request afterwards.
    pub(super) goes_on: bool,
}

/// The head of the answer to a request of this method, as soon as it is whole. What is said before it goes to `hear`.
pub(super) fn read(
    input: &mut Input,
    looked: &mut Looked,
    method: &Method,
    mut hear: impl FnMut(StatusCode, &Fields),
) -> Result<Option<Head>, Error> {
    loop {
        pass_empty_lines(input, looked);
        if !looked.is_due(input.bytes()) && input.len() <= LONGEST_HEAD {
            return Ok(None);
        }
        let mut found = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let read = input.shared();
        let end = match config.parse_response_with_uninit_headers(&mut parsed, &read, &mut found) {
            Ok(httparse::Status::Complete(end)) if end <= LONGEST_HEAD => end,
            Ok(httparse::Status::Partial) if read.len() <= LONGEST_HEAD => return Ok(None),
            Ok(_) => return Err(Error::Bad("its head is too long")),
            Err(httparse::Error::TooManyHeaders) => return Err(Error::Bad("it has too many headers")),
            Err(_) => return Err(Error::Bad("its head cannot be read")),
        };
        let status = StatusCode::from_u16(parsed.code.unwrap_or_default());
        let status = status.map_err(|_| Error::Bad("its status is none"))?;
        let is_1_1 = parsed.version == Some(1);
        *looked = Looked::default();
        input.take(end as u64);
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            hear(status, &fields::of(parsed.headers, &read)?);
            continue;
        }
        let headers = fields::of(parsed.headers, &read)?;
        let goes_on = fields::goes_on(&headers, is_1_1);
        let body = body(&headers, status, method, is_1_1)?;
        return Ok(Some(Head {
            status,
            headers,
            goes_on: goes_on
                && !matches!(body, Decoder::Close { .. })
                && status != StatusCode::SWITCHING_PROTOCOLS,
            body,
        }));
    }
}

/// What some servers write behind a body that they said too short.
fn pass_empty_lines(input: &mut Input, looked: &mut Looked) {
    loop {
        match input.bytes() {
            [b'\r', b'\n', ..] => input.take(2),
            [b'\n', ..] => input.take(1),
            _ => return,
        };
        *looked = Looked::default();
    }
}

/// RFC 9112, 6.3. What servers of old say twice, or say otherwise than in chunks, is refused, as Envoy does it.
fn body(headers: &Fields, status: StatusCode, method: &Method, is_1_1: bool) -> Result<Decoder, Error> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).peekable();
    let mut lengths = headers.get_all(CONTENT_LENGTH).peekable();
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
    let length = fields::length(headers)?;
    Ok(length.map_or(Decoder::Close { over: false }, Decoder::Length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, method: &Method) -> Result<Option<Head>, Error> {
        let mut input = Input::of(text.as_bytes());
        super::read(&mut input, &mut Looked::default(), method, |_, _| {})
    }

    /// The head that is read of bytes that are given in pieces which end at `cuts`, and what is left; or why there is none.
    fn head(bytes: &[u8], cuts: &[usize]) -> (String, Vec<u8>) {
        let (mut input, mut looked) = (Input::default(), Looked::default());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([bytes.len()]);
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts {
            input.put(&bytes[from..to]);
            from = to;
            match super::read(&mut input, &mut looked, &Method::GET, |_, _| {}) {
                Ok(Some(head)) => {
                    input.put(&bytes[to..]);
                    return (format!("{head:?}"), input.bytes().to_vec());
                }
                Ok(None) => {}
                Err(error) => return (error.to_string(), Vec::new()),
            }
        }
        ("none".to_owned(), input.bytes().to_vec())
    }

    /// Pieces that answers are made of, and what spoils them; what ends a head comes last, so that none is waited for.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 404 Not Found\r\n",
            "HTTP/1.1 103 Early Hints\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 204\n",
            "Connection: close\r\n",
            "Content-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\n",
            "x: y\r\n",
            "x: y\n",
            "a long name, and no colon",
            "\r\n",
            "\r\n\r\n",
            "\n",
            "\r",
            " ",
            "\0",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| (pieces.concat() + "\r\n\r\n").into_bytes())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(bytes in text(), cuts in prop::collection::vec(any::<usize>(), 0..12)) {
            prop_assert_eq!(head(&bytes, &cuts), head(&bytes, &[]));
        }
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
