//! `envoyExtAuthzGrpc`: `envoy.service.auth.v3.Authorization/Check` (Envoy `service/auth/v3/external_auth.proto`).

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{HOST, HeaderName, HeaderValue};
use http::{StatusCode, Version};

use super::{How, No, Ruling, Said, Shown, Yes, carries};
use crate::check::{self, Answer, field};
use crate::cluster::Cluster;
use crate::http::exchange::Exchange;
use crate::http::headers::REQUEST_ID;
use crate::peer::proto::{Content, bytes, each, number};
use crate::state::authorizers::Authorizer;
use crate::state::policy::AUTHORIZERS;
use crate::written::Written;

pub(super) async fn ask(
    exchange: &Exchange<'_>,
    authorizer: &Authorizer,
    cluster: &Arc<Cluster>,
    shown: &Shown,
    written: &mut Written,
) -> Result<Ruling, String> {
    let since = Instant::now();
    let shared = &exchange.connection.shared;
    let message = check::call(shared, authorizer, cluster, &attributes(exchange, shown)).await?;
    let answer = Answer::read(&message);
    if let Some(answer) = &answer {
        answer.write(AUTHORIZERS[0], since.elapsed(), written);
    }
    let ruling = answer.as_ref().and_then(ruling);
    ruling.ok_or_else(|| "its answer cannot be read".to_owned())
}

/// `AttributeContext`.
fn attributes(exchange: &Exchange<'_>, shown: &Shown) -> Vec<u8> {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default();
    let time = field(|out| {
        number(out, 1, now.as_secs());
        number(out, 2, now.subsec_nanos().into());
    });
    let http = request(exchange, shown);
    let asked = field(|out| {
        bytes(out, 1, &time);
        bytes(out, 2, &http);
    });
    let mut all = check::ends(&exchange.connection.down, &exchange.state.identity.spiffe);
    bytes(&mut all, 4, &asked);
    all
}

/// `AttributeContext.HttpRequest`.
fn request(exchange: &Exchange<'_>, shown: &Shown) -> Vec<u8> {
    let (parts, target) = (&exchange.parts, &exchange.target);
    let path = target.path_and_query();
    let path = path.as_ref().map_or("/", |path| path.as_str());
    let mut out = Vec::new();
    let id = parts
        .headers
        .get(REQUEST_ID)
        .map_or(&[][..], HeaderValue::as_bytes);
    bytes(&mut out, 1, id);
    bytes(&mut out, 2, parts.method.as_str().as_bytes());
    let mut header = |name: &str, value: &[u8]| {
        let entry = field(|out| {
            bytes(out, 1, name.as_bytes());
            bytes(out, 2, value);
        });
        bytes(&mut out, 3, &entry);
    };
    header(":authority", target.authority().as_bytes());
    header(":method", parts.method.as_str().as_bytes());
    header(":path", path.as_bytes());
    header(":scheme", b"http");
    for name in parts.headers.names().filter(|name| **name != HOST) {
        // Values of one name are joined, as Envoy joins them; text alone is a `string`.
        let all: Vec<&str> = parts
            .headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok())
            .collect();
        header(name.as_str(), all.join(",").as_bytes());
    }
    if let Some(partial) = shown.told() {
        header("x-envoy-auth-partial-body", partial.as_bytes());
    }
    bytes(&mut out, 4, path.as_bytes());
    bytes(&mut out, 5, target.authority().as_bytes());
    bytes(&mut out, 6, b"http");
    let size = parts.headers.get(http::header::CONTENT_LENGTH);
    let size = size.and_then(|size| size.to_str().ok()?.parse().ok());
    if let Some(size) = size {
        number(&mut out, 9, size);
    }
    let protocol = match parts.version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    bytes(&mut out, 10, protocol.as_bytes());
    match shown.partial {
        Some(_) if shown.raw => bytes(&mut out, 12, &shown.bytes),
        Some(_) => bytes(&mut out, 11, String::from_utf8_lossy(&shown.bytes).as_bytes()),
        None => {}
    }
    out
}

/// Of a `CheckResponse`; `None` where it is none.
fn ruling(answer: &Answer<'_>) -> Option<Ruling> {
    if answer.is_yes() {
        return yes(answer.ok).map(Ok);
    }
    let (mut status, mut headers, mut body) = (StatusCode::FORBIDDEN, Vec::new(), Bytes::new());
    each(answer.denied, |field, value| match (field, value) {
        (1, Content::Bytes(inner)) => {
            each(inner, |field, value| {
                if let (1, Content::Number(code)) = (field, value)
                    && let Some(code) = u16::try_from(code)
                        .ok()
                        .and_then(|code| StatusCode::from_u16(code).ok())
                {
                    status = code;
                }
            });
        }
        (2, Content::Bytes(option)) => {
            headers.extend(option_of(option).map(|(header, _)| header));
        }
        (3, Content::Bytes(content)) => body = Bytes::copy_from_slice(content),
        _ => {}
    })?;
    Some(Err(No {
        status,
        headers,
        body,
        details: "ext_authz_denied",
    }))
}

/// Of an `OkHttpResponse`.
fn yes(message: &[u8]) -> Option<Yes> {
    let mut yes = Yes::default();
    each(message, |field, value| match (field, value) {
        (2, Content::Bytes(option)) => match option_of(option) {
            Some((header, true)) => yes.add.push(header),
            Some((header, false)) => yes.set.push(header),
            None => {}
        },
        (5, Content::Bytes(name)) => {
            let name = HeaderName::from_bytes(name).ok();
            yes.remove.extend(name.filter(|name| *name != HOST));
        }
        (6, Content::Bytes(option)) => yes.answer.extend(said_of(option)),
        (7, Content::Bytes(parameter)) => yes.set_query.extend(parameter_of(parameter)),
        (8, Content::Bytes(name)) => yes.remove_query.extend(String::from_utf8(name.to_vec()).ok()),
        _ => {}
    })?;
    Some(yes)
}

/// Of a `QueryParameter`.
fn parameter_of(message: &[u8]) -> Option<(String, String)> {
    let (mut key, mut content) = (&[][..], &[][..]);
    each(message, |field, value| match (field, value) {
        (1, Content::Bytes(own)) => key = own,
        (2, Content::Bytes(own)) => content = own,
        _ => {}
    })?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some((text(key)?, text(content)?))
}

/// Of a `HeaderValueOption` for the answer: `append` counts where it is said, else `append_action`.
fn said_of(message: &[u8]) -> Option<Said> {
    let ((name, value), beside) = option_of(message)?;
    let (mut old, mut action) = (false, 0);
    each(message, |field, value| match (field, value) {
        (2, _) => old = true,
        (3, Content::Number(own)) => action = own,
        _ => {}
    })?;
    let how = match (old, beside, action) {
        (true, true, _) => How::Beside,
        (true, false, _) | (_, _, 2) => How::Instead,
        (_, _, 1) => How::IfAbsent,
        (_, _, 3) => How::IfPresent,
        _ => How::Beside,
    };
    Some(Said { name, value, how })
}

/// Of a `HeaderValueOption`: the header, and whether it stands behind those of its name. What carries messages, and who is
/// asked, is not an authorizer's to say.
fn option_of(message: &[u8]) -> Option<((HeaderName, HeaderValue), bool)> {
    let (mut header, mut beside) = (&[][..], false);
    each(message, |field, value| match (field, value) {
        (1, Content::Bytes(content)) => header = content,
        (2, Content::Bytes(wrapped)) => {
            each(wrapped, |field, value| {
                beside = field == 1 && value == Content::Number(1);
            });
        }
        _ => {}
    })?;
    let (mut key, mut content) = (&[][..], &[][..]);
    each(header, |field, value| match (field, value) {
        (1, Content::Bytes(own)) => key = own,
        (2 | 3, Content::Bytes(own)) if !own.is_empty() => content = own,
        _ => {}
    })?;
    let name = HeaderName::from_bytes(key).ok()?;
    let value = HeaderValue::from_bytes(content).ok()?;
    (name != HOST && !carries(&name)).then_some(((name, value), beside))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes: Vec<u8>) {
            let _ruling = Answer::read(&bytes).as_ref().and_then(ruling);
        }
    }
}
