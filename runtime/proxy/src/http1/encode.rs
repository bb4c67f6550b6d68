use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, TRAILER, TRANSFER_ENCODING};
use http::{Method, StatusCode, Version};
use http_body::{Body, Frame};
use mesh_http2::{Fields, RequestHead, ResponseHead};

use super::{Error, fields};
use crate::body::{BodyError, RequestBody};

/// Bodies are taken until so much of them waits to be written.
const MOST_WAITING: usize = 16 * 1024;

/// A body that has not been written whole.
#[derive(Debug)]
pub(super) struct Upload<B> {
    body: B,
    framing: Framing,
}

/// How the other end sees where a body ends.
#[derive(Debug)]
enum Framing {
    /// So much is still to come.
    Length(u64),
    /// With the trailers that were announced.
    Chunked(Vec<HeaderName>),
    /// With the connection.
    Close,
}

/// Whom an answer is for.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) version: Version,
    /// It asked with HEAD.
    pub(super) only_head: bool,
    /// It takes trailers.
    pub(super) trailers: bool,
    /// It may send another request.
    pub(super) goes_on: bool,
}

/// Writes a request's head to `out`; gives back what is to follow it. Where the body ends is said by the body alone, whatever
/// the headers say.
pub(super) fn request(
    out: &mut Vec<u8>,
    parts: &RequestHead,
    body: RequestBody,
) -> Option<Upload<RequestBody>> {
    let path = parts.path.as_ref().map_or("/", |path| path.as_str());
    for part in [parts.method.as_str(), " ", path, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    for (name, value) in parts.headers.iter() {
        if *name == TRANSFER_ENCODING || *name == CONTENT_LENGTH {
            continue;
        }
        field(out, name, value.as_bytes());
    }
    let upload = if body.is_end_stream() {
        // Who expects a body is told that there is none (RFC 9110, 8.6).
        if parts.headers.contains_key(CONTENT_LENGTH) || may_have_body(&parts.method) {
            out.extend_from_slice(b"content-length: 0\r\n");
        }
        None
    } else {
        let framing = match body.size_hint().exact() {
            Some(length) => {
                length_field(out, length);
                Framing::Length(length)
            }
            None => {
                out.extend_from_slice(b"transfer-encoding: chunked\r\n");
                Framing::Chunked(announced(&parts.headers))
            }
        };
        Some(Upload { body, framing })
    };
    out.extend_from_slice(b"\r\n");
    upload
}

/// Writes what is said before an answer.
pub(super) fn interim(out: &mut Vec<u8>, status: StatusCode, headers: &Fields) {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers.iter() {
        if ![CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH].contains(name)
            && !fields::says(headers, name.as_str())
        {
            field(out, name, value.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Envoy's list of those that have none, as a rule.
fn may_have_body(method: &Method) -> bool {
    let bare = [
        Method::GET,
        Method::HEAD,
        Method::DELETE,
        Method::TRACE,
        Method::CONNECT,
    ];
    !bare.contains(method)
}

/// Writes an answer's head to `out`; gives back what is to follow it, and notes at the asker where its end is that of the
/// connection.
pub(super) fn response<B: Body>(
    out: &mut Vec<u8>,
    parts: &ResponseHead,
    body: B,
    asker: &mut Asker,
) -> Option<Upload<B>> {
    let (headers, status) = (&parts.headers, parts.status);
    let is_1_1 = asker.version != Version::HTTP_10;
    let switches = status == StatusCode::SWITCHING_PROTOCOLS;
    let bare = status.is_informational() || status == StatusCode::NO_CONTENT;
    let empty = bare || asker.only_head || status == StatusCode::NOT_MODIFIED;
    let framing = match body.size_hint().exact() {
        Some(length) => Framing::Length(length),
        None if !is_1_1 => Framing::Close,
        None if asker.trailers => Framing::Chunked(announced(headers)),
        None => Framing::Chunked(Vec::new()),
    };
    asker.goes_on &= empty || !matches!(framing, Framing::Close);
    let version = if is_1_1 { "HTTP/1.1 " } else { "HTTP/1.0 " };
    let reason = status.canonical_reason().unwrap_or("Unknown");
    for part in [version, status.as_str(), " ", reason, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    let said = headers.get(CONTENT_LENGTH);
    for (name, value) in headers.iter() {
        let is_own =
            *name == TRANSFER_ENCODING || *name == CONTENT_LENGTH || *name == CONNECTION && !switches;
        if !is_own {
            field(out, name, value.as_bytes());
        }
    }
    match (&framing, said) {
        _ if bare => {}
        // How long the answer to another request would be.
        (_, Some(said)) if empty => field(out, &CONTENT_LENGTH, said.as_bytes()),
        (Framing::Length(0), None) if empty => {}
        (Framing::Length(length), _) => length_field(out, *length),
        (Framing::Chunked(_), _) if !empty => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        (Framing::Chunked(_) | Framing::Close, _) => {}
    }
    if !headers.contains_key(DATE) {
        field(out, &DATE, mesh_http2::date::now().as_bytes());
    }
    match asker.goes_on {
        _ if switches => {}
        false => out.extend_from_slice(b"connection: close\r\n"),
        true if !is_1_1 => out.extend_from_slice(b"connection: keep-alive\r\n"),
        true => {}
    }
    out.extend_from_slice(b"\r\n");
    let follows = !empty && !matches!(framing, Framing::Length(0));
    follows.then_some(Upload { body, framing })
}

fn length_field(out: &mut Vec<u8>, length: u64) {
    // A Vec takes everything.
    let _infallible = write!(out, "content-length: {length}\r\n");
}

fn field(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// RFC 9110, 6.6.2; what frames messages is no trailer.
fn announced(headers: &Fields) -> Vec<HeaderName> {
    let lists = headers.get_all(TRAILER).filter_map(|list| list.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).map(str::trim);
    let names = names.filter_map(|name| HeaderName::try_from(name).ok());
    names
        .filter(|name| ![TRANSFER_ENCODING, CONTENT_LENGTH, TRAILER].contains(name))
        .collect()
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Upload<B> {
    /// Takes what there is of the body and puts it into `out`, until enough waits there; true at its end.
    pub(super) fn poll(&mut self, out: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while out.len() < MOST_WAITING {
            // The last look may tell nothing new: who is at the end is not asked again.
            if self.body.is_end_stream() {
                return Poll::Ready(self.end(out, None));
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(self.end(out, None)),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Error::Body(Box::new(error)))),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(ended) = self.put(frame, out) {
                        return Poll::Ready(ended);
                    }
                }
            }
        }
        Poll::Pending
    }

    /// Puts a frame into `out`; `Some` where it was the last one, or is more than there may be.
    fn put(&mut self, frame: Frame<Bytes>, out: &mut Vec<u8>) -> Option<Result<(), Error>> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                let trailers = frame.into_trailers().ok();
                return Some(self.end(out, trailers.as_ref()));
            }
        };
        match &mut self.framing {
            Framing::Length(rest) => match rest.checked_sub(data.len() as u64) {
                Some(left) => {
                    *rest = left;
                    out.extend_from_slice(&data);
                }
                None => return Some(Err(Error::Length)),
            },
            Framing::Close => out.extend_from_slice(&data),
            Framing::Chunked(_) if data.is_empty() => {}
            Framing::Chunked(_) => {
                let _infallible = write!(out, "{:X}\r\n", data.len());
                out.extend_from_slice(&data);
                out.extend_from_slice(b"\r\n");
            }
        }
        None
    }

    fn end(&self, out: &mut Vec<u8>, trailers: Option<&HeaderMap>) -> Result<(), Error> {
        match &self.framing {
            Framing::Length(0) | Framing::Close => {}
            Framing::Length(_) => return Err(Error::Length),
            Framing::Chunked(announced) => {
                out.extend_from_slice(b"0\r\n");
                for (name, value) in trailers.into_iter().flatten() {
                    if announced.contains(name) {
                        field(out, name, value.as_bytes());
                    }
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http::Request;

    use super::*;

    fn written(request: Request<()>, body: RequestBody) -> (String, bool) {
        let mut out = Vec::new();
        let upload = super::request(&mut out, &mesh_http2::Request::from(request).head, body);
        let mut whole = upload.is_none();
        if let Some(mut upload) = upload {
            let mut cx = Context::from_waker(Waker::noop());
            whole = matches!(upload.poll(&mut out, &mut cx), Poll::Ready(Ok(())));
        }
        (String::from_utf8(out).unwrap(), whole)
    }

    #[test]
    fn the_body_alone_says_how_long_it_is() {
        let request = |name| {
            let request = Request::post("/a?b").header("host", "forum");
            request.header(name, "99").body(()).unwrap()
        };
        let head = "POST /a?b HTTP/1.1\r\nhost: forum\r\n";
        let whole = || RequestBody::whole(Bytes::from_static(b"hello"));
        let sized = format!("{head}content-length: 5\r\n\r\nhello");
        assert_eq!(written(request("content-length"), whole()), (sized.clone(), true));
        assert_eq!(written(request("transfer-encoding"), whole()), (sized, true));
        let empty = RequestBody::whole(Bytes::new());
        let none = format!("{head}content-length: 0\r\n\r\n");
        assert_eq!(written(request("content-length"), empty), (none, true));
    }
}
