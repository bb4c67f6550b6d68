//! Heads of messages, as fields and as the values that everybody knows.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, StatusCode, Uri, Version, request, response};

use crate::hpack::{Encoder, Field, Pseudo, is_of_connection};

/// What most messages have less of.
const USUAL: usize = 12;

/// The fields of one block, as they come.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    method: Option<Bytes>,
    scheme: Option<Bytes>,
    authority: Option<Bytes>,
    path: Option<Bytes>,
    status: Option<Bytes>,
    headers: HeaderMap,
    /// Headers have begun: no other field may come.
    begun: bool,
    malformed: bool,
    size: usize,
    /// There is more than is taken; what is too much is gone.
    pub(crate) too_large: bool,
}

/// A message that breaks the protocol (RFC 9113, 8.1.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Fields {
    /// Takes one more, as long as all together are no larger than `most`.
    pub(crate) fn take(&mut self, field: Field, most: usize) {
        self.size += field.size();
        if self.size > most {
            self.too_large = true;
            return;
        }
        match field {
            Field::Header(name, value) => {
                if !self.begun {
                    self.begun = true;
                    self.headers.reserve(USUAL);
                }
                self.malformed |= self.headers.try_append(name, value).is_err();
            }
            Field::Pseudo(pseudo, value) => {
                let place = match pseudo {
                    Pseudo::Method => &mut self.method,
                    Pseudo::Scheme => &mut self.scheme,
                    Pseudo::Authority => &mut self.authority,
                    Pseudo::Path => &mut self.path,
                    Pseudo::Status => &mut self.status,
                    // Nobody was told that it is understood (RFC 8441, 3).
                    Pseudo::Protocol => {
                        self.malformed = true;
                        return;
                    }
                };
                self.malformed |= self.begun || place.replace(value).is_some();
            }
            Field::Malformed { .. } => self.malformed = true,
        }
    }

    pub(crate) fn request(self, known: &mut Option<Authority>) -> Result<request::Parts, Malformed> {
        if self.malformed || self.status.is_some() {
            return Err(Malformed);
        }
        let method = Method::from_bytes(&self.method.ok_or(Malformed)?).map_err(|_| Malformed)?;
        let authority = self.authority.map(|text| authority(text, known)).transpose()?;
        let (path, scheme) = match (method == Method::CONNECT, self.path, self.scheme) {
            (true, None, None) if authority.is_some() => (None, None),
            (false, Some(path), Some(scheme)) if !path.is_empty() => {
                let path = PathAndQuery::from_maybe_shared(path).map_err(|_| Malformed)?;
                (Some(path), Some(of_scheme(&scheme)?))
            }
            _ => return Err(Malformed),
        };
        let mut uri = http::uri::Parts::default();
        // A URI has both or none.
        uri.scheme = scheme.filter(|_| authority.is_some());
        (uri.authority, uri.path_and_query) = (authority, path);
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method;
        parts.uri = Uri::from_parts(uri).map_err(|_| Malformed)?;
        parts.version = Version::HTTP_2;
        parts.headers = self.headers;
        Ok(parts)
    }

    pub(crate) fn response(self) -> Result<response::Parts, Malformed> {
        let others = [&self.method, &self.scheme, &self.authority, &self.path];
        if self.malformed || others.into_iter().any(Option::is_some) {
            return Err(Malformed);
        }
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = StatusCode::from_bytes(&self.status.ok_or(Malformed)?).map_err(|_| Malformed)?;
        parts.version = Version::HTTP_2;
        parts.headers = self.headers;
        Ok(parts)
    }

    pub(crate) fn trailers(self) -> Result<HeaderMap, Malformed> {
        let others = [
            &self.method,
            &self.scheme,
            &self.authority,
            &self.path,
            &self.status,
        ];
        if self.malformed || others.into_iter().any(Option::is_some) {
            return Err(Malformed);
        }
        Ok(self.headers)
    }
}

/// Most requests of a connection are for the same host.
fn authority(text: Bytes, known: &mut Option<Authority>) -> Result<Authority, Malformed> {
    if let Some(known) = known
        && known.as_str().as_bytes() == text
    {
        return Ok(known.clone());
    }
    let authority = Authority::from_maybe_shared(text).map_err(|_| Malformed)?;
    *known = Some(authority.clone());
    Ok(authority)
}

fn of_scheme(text: &[u8]) -> Result<Scheme, Malformed> {
    match text {
        b"http" => Ok(Scheme::HTTP),
        b"https" => Ok(Scheme::HTTPS),
        other => Scheme::try_from(other).map_err(|_| Malformed),
    }
}

/// How long a body is, where its message says so in one way.
pub(crate) fn length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else {
        return Ok(None);
    };
    let text = first.to_str().map_err(|_| Malformed)?;
    if lengths.any(|other| other != first)
        || text.is_empty()
        || !text.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(Malformed);
    }
    text.parse().map(Some).map_err(|_| Malformed)
}

/// The head of a request whose body has that length, where it is known and nothing else was said.
pub(crate) fn put_request(
    parts: &request::Parts,
    length: Option<u64>,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) {
    encoder.begin(out);
    match parts.method {
        Method::GET => Encoder::fixed(2, out),
        Method::POST => Encoder::fixed(3, out),
        _ => encoder.field(Pseudo::Method.name(), parts.method.as_str().as_bytes(), out),
    }
    let connects = parts.method == Method::CONNECT;
    if !connects {
        match parts.uri.scheme_str() {
            None | Some("http") => Encoder::fixed(6, out),
            Some("https") => Encoder::fixed(7, out),
            Some(other) => encoder.field(Pseudo::Scheme.name(), other.as_bytes(), out),
        }
    }
    let host = parts.headers.get(HOST).map(http::HeaderValue::as_bytes);
    let authority = parts
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    if let Some(authority) = authority.or(host) {
        encoder.field(Pseudo::Authority.name(), authority, out);
    }
    if !connects {
        match parts.uri.path_and_query().map(PathAndQuery::as_str) {
            None | Some("/" | "") => Encoder::fixed(4, out),
            Some(path) => encoder.field(Pseudo::Path.name(), path.as_bytes(), out),
        }
    }
    for (name, value) in &parts.headers {
        if *name != HOST && !is_of_connection(name) {
            encoder.header(name, value, out);
        }
    }
    if let Some(length) = length
        && !parts.headers.contains_key(CONTENT_LENGTH)
    {
        encoder.field(CONTENT_LENGTH.as_str(), length.to_string().as_bytes(), out);
    }
}

pub(crate) fn put_response(
    status: StatusCode,
    headers: &HeaderMap,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) {
    encoder.begin(out);
    match status.as_u16() {
        200 => Encoder::fixed(8, out),
        204 => Encoder::fixed(9, out),
        404 => Encoder::fixed(13, out),
        _ => encoder.field(Pseudo::Status.name(), status.as_str().as_bytes(), out),
    }
    put_headers(headers, encoder, out);
}

pub(crate) fn put_trailers(headers: &HeaderMap, encoder: &mut Encoder, out: &mut Vec<u8>) {
    encoder.begin(out);
    put_headers(headers, encoder, out);
}

fn put_headers(headers: &HeaderMap, encoder: &mut Encoder, out: &mut Vec<u8>) {
    for (name, value) in headers {
        if !is_of_connection(name) {
            encoder.header(name, value, out);
        }
    }
}
