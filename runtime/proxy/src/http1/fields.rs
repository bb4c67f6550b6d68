use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use mesh_http2::Fields;

use super::Error;
use crate::peer;

/// How many headers the proxy itself puts on a message: the map does not have to grow for them.
const ROOM: usize = 6;

/// Names that come in most messages of a mesh, and that [`http`] would have to allocate.
const KNOWN: [HeaderName; 7] = [
    HeaderName::from_static("x-envoy-upstream-service-time"),
    peer::ID,
    peer::METADATA,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-client-cert"),
    HeaderName::from_static("x-envoy-attempt-count"),
];

/// The headers that were found in `read`, whose values stay where they are.
pub(super) fn of(found: &[httparse::Header<'_>], read: &Bytes) -> Result<Fields, Error> {
    let mut headers = Fields::with_capacity(found.len() + ROOM);
    for field in found {
        let value = HeaderValue::from_maybe_shared(read.slice_ref(field.value));
        let value = value.map_err(|_| Error::Bad("a header's value is none"))?;
        headers.append(name(field.name)?, value);
    }
    Ok(headers)
}

fn name(text: &str) -> Result<HeaderName, Error> {
    if text.starts_with("x-")
        && let Some(known) = KNOWN.iter().find(|known| known.as_str() == text)
    {
        return Ok(known.clone());
    }
    HeaderName::from_bytes(text.as_bytes()).map_err(|_| Error::Bad("a header's name is none"))
}

/// Every line ends in CR and LF: readers that take less see other lines. `end` is that of the head.
pub(super) fn lines_end(found: &[httparse::Header<'_>], read: &[u8], end: usize) -> bool {
    let starts = found
        .iter()
        .map(|field| field.name.as_ptr() as usize - read.as_ptr() as usize);
    let mut starts = starts.chain([end - 2, end]);
    starts.all(|start| start >= 2 && read[start - 2..start] == *b"\r\n")
}

/// Whether `word` is among what is said of the connection.
pub(super) fn says(headers: &Fields, word: &str) -> bool {
    let lists = headers.get_all(CONNECTION);
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(word))
}

/// RFC 9112, 9.3: who says `close` once has said it.
pub(super) fn goes_on(headers: &Fields, is_1_1: bool) -> bool {
    match headers.contains_key(CONNECTION) {
        true => !says(headers, "close") && (is_1_1 || says(headers, "keep-alive")),
        false => is_1_1,
    }
}

/// How long a body is said to be: once, and in digits.
pub(super) fn length(headers: &Fields) -> Result<Option<u64>, Error> {
    let mut said = headers.get_all(CONTENT_LENGTH);
    let Some(length) = said.next() else {
        return Ok(None);
    };
    let digits = Some(length.as_bytes()).filter(|text| text.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    match length.filter(|_| said.next().is_none()) {
        Some(length) => Ok(Some(length)),
        None => Err(Error::Bad("its length is none")),
    }
}
