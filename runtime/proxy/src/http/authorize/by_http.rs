//! `envoyExtAuthzHttp`: the request itself is sent to the authorizer, without its body or with the beginning of it.

use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Request, StatusCode};
use mesh_wire::authorizer::AskedBy;

use super::{How, No, Ruling, Said, Shown, Yes, carries, speaks_http2};
use crate::client;
use crate::cluster::Cluster;
use crate::http::exchange::Exchange;
use crate::state::authorizers::{Authorizer, names};

/// Headers of the request that the authorizer takes away.
const REMOVE: &str = "x-envoy-auth-headers-to-remove";
const PARTIAL: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");

pub(super) async fn ask(
    exchange: &Exchange<'_>,
    authorizer: &Authorizer,
    cluster: &Arc<Cluster>,
    shown: &Shown,
) -> Result<Ruling, String> {
    let AskedBy::Http {
        path_prefix,
        send,
        add,
        upstream,
        allow,
        deny,
    } = &authorizer.wire.by
    else {
        return Err("it is asked otherwise".to_owned());
    };
    let http2 = speaks_http2(cluster);
    let target = exchange.target.path_and_query();
    let path = target.as_ref().map_or("/", |path| path.as_str());
    let path = format!("{}{path}", path_prefix.as_deref().unwrap_or_default());
    let authority = exchange.target.authority();
    let uri = match http2 {
        true => format!("http://{authority}{path}"),
        false => path,
    };
    let mut request = Request::new(shown.bytes.clone());
    *request.method_mut() = exchange.parts.method.clone();
    *request.uri_mut() = uri
        .parse()
        .map_err(|error| format!("its path is none: {error}"))?;
    let headers = request.headers_mut();
    for (name, value) in exchange.parts.headers.iter() {
        if (*name == AUTHORIZATION || names(send, name)) && *name != HOST && !carries(name) {
            headers.append(name, value.clone());
        }
    }
    for (name, value) in add {
        let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    if !http2 {
        headers.insert(HOST, exchange.target.host());
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(shown.bytes.len()));
    if let Some(partial) = shown.told() {
        headers.insert(PARTIAL, HeaderValue::from_static(partial));
    }
    let bound = authorizer.wire.timeout.to_duration();
    let answer = client::ask(&exchange.connection.shared, cluster, http2, request, bound)
        .await
        .map_err(|error| error.to_string())?;
    let (status, told) = (answer.parts.status, answer.parts.headers);
    if status.is_server_error() {
        return Err(format!("it answers {status}"));
    }
    if status == StatusCode::OK {
        return Ok(Ok(Yes {
            set: those(&told, |name| names(upstream, name)),
            remove: removed(&told),
            answer: those(&told, |name| names(allow, name))
                .into_iter()
                .map(|(name, value)| Said {
                    name,
                    value,
                    how: How::Beside,
                })
                .collect(),
            ..Yes::default()
        }));
    }
    // With a list these are told all the same (Envoy `allowed_client_headers`).
    let always = [LOCATION, WWW_AUTHENTICATE];
    Ok(Err(No {
        status,
        headers: those(&told, |name| {
            deny.is_empty() || always.contains(name) || names(deny, name)
        }),
        body: answer.body,
        details: "ext_authz_denied",
    }))
}

fn those(headers: &HeaderMap, wanted: impl Fn(&HeaderName) -> bool) -> Vec<(HeaderName, HeaderValue)> {
    let found = headers
        .iter()
        .filter(|(name, _)| !carries(name) && **name != HOST && wanted(name));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn removed(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers
        .get_all(REMOVE)
        .iter()
        .filter_map(|list| list.to_str().ok());
    let names = lists.flat_map(|list| list.split(','));
    names
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .filter(|name| *name != HOST)
        .collect()
}
