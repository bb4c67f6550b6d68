//! Heads of messages, as fields and as the values that everybody knows.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, StatusCode, Version};

use crate::hpack::{Encoder, Field, Pseudo};
use crate::{Fields, RequestHead, ResponseHead};

/// The fields of one block, as they come.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    method: Option<Bytes>,
    scheme: Option<Bytes>,
    authority: Option<Bytes>,
    path: Option<Bytes>,
    status: Option<Bytes>,
    headers: Fields,
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

impl Taken {
    /// Takes one more, as long as all together are no larger than `most`.
    pub(crate) fn take(&mut self, field: Field, most: usize) {
        self.size += field.size();
        if self.size > most {
            self.too_large = true;
            return;
        }
        match field {
            Field::Header(name, value) => {
                self.begun = true;
                self.headers.append(name, value);
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

    pub(crate) fn request(self, known: &mut Option<Authority>) -> Result<RequestHead, Malformed> {
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
        Ok(RequestHead {
            method,
            scheme,
            authority,
            path,
            version: Version::HTTP_2,
            headers: self.headers,
        })
    }

    pub(crate) fn response(self) -> Result<ResponseHead, Malformed> {
        let others = [&self.method, &self.scheme, &self.authority, &self.path];
        if self.malformed || others.into_iter().any(Option::is_some) {
            return Err(Malformed);
        }
        let status = self.status.ok_or(Malformed)?;
        Ok(ResponseHead {
            status: StatusCode::from_bytes(&status).map_err(|_| Malformed)?,
            version: Version::HTTP_2,
            headers: self.headers,
        })
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
        Ok(self.headers.into())
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
pub(crate) fn length(headers: &Fields) -> Result<Option<u64>, Malformed> {
    let mut lengths = headers.get_all(CONTENT_LENGTH);
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
pub(crate) fn put_request(head: &RequestHead, length: Option<u64>, encoder: &mut Encoder, out: &mut Vec<u8>) {
    encoder.begin(out);
    match head.method {
        Method::GET => Encoder::fixed(2, out),
        Method::POST => Encoder::fixed(3, out),
        _ => encoder.field(Pseudo::Method.name(), head.method.as_str().as_bytes(), out),
    }
    let connects = head.method == Method::CONNECT;
    if !connects {
        match head.scheme.as_ref().map(Scheme::as_str) {
            None | Some("http") => Encoder::fixed(6, out),
            Some("https") => Encoder::fixed(7, out),
            Some(other) => encoder.field(Pseudo::Scheme.name(), other.as_bytes(), out),
        }
    }
    let host = head.headers.get(HOST).map(HeaderValue::as_bytes);
    let authority = head.authority.as_ref();
    let authority = authority.map(|authority| authority.as_str().as_bytes());
    if let Some(authority) = authority.or(host) {
        encoder.field(Pseudo::Authority.name(), authority, out);
    }
    if !connects {
        match head.path.as_ref().map(PathAndQuery::as_str) {
            None | Some("/" | "") => Encoder::fixed(4, out),
            Some(path) => encoder.field(Pseudo::Path.name(), path.as_bytes(), out),
        }
    }
    put_headers(
        head.headers.iter().filter(|(name, _)| *name != HOST),
        encoder,
        out,
    );
    if let Some(length) = length
        && !head.headers.contains_key(CONTENT_LENGTH)
    {
        encoder.field(CONTENT_LENGTH.as_str(), length.to_string().as_bytes(), out);
    }
}

pub(crate) fn put_response(status: StatusCode, headers: &Fields, encoder: &mut Encoder, out: &mut Vec<u8>) {
    encoder.begin(out);
    match status.as_u16() {
        200 => Encoder::fixed(8, out),
        204 => Encoder::fixed(9, out),
        404 => Encoder::fixed(13, out),
        _ => encoder.field(Pseudo::Status.name(), status.as_str().as_bytes(), out),
    }
    put_headers(headers.iter(), encoder, out);
}

pub(crate) fn put_trailers(headers: &HeaderMap, encoder: &mut Encoder, out: &mut Vec<u8>) {
    encoder.begin(out);
    put_headers(headers.iter(), encoder, out);
}

fn put_headers<'f>(
    headers: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) {
    for (name, value) in headers {
        encoder.header(name, value, out);
    }
}
