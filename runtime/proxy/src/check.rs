//! `envoy.service.auth.v3.Authorization/Check`: what gRPC authorizers are asked, and what they say (Envoy
//! `service/auth/v3/external_auth.proto`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE};
use http::{Method, Request, StatusCode};

use crate::client;
use crate::cluster::Cluster;
use crate::peer::proto::{Content, bytes, each, framed, number};
use crate::peer::{Downstream, object};
use crate::shared::Shared;
use crate::state::authorizers::Authorizer;
use crate::written::Written;

/// `google.rpc.Code.OK`.
const OK: u64 = 0;
/// Milliseconds.
const TOOK: &str = "ext_authz_duration";

/// Of a `CheckResponse`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer<'a> {
    /// `google.rpc.Code`.
    code: u64,
    /// `DeniedHttpResponse`.
    pub(crate) denied: &'a [u8],
    /// `OkHttpResponse`.
    pub(crate) ok: &'a [u8],
    /// `dynamic_metadata`, a `Struct`.
    metadata: &'a [u8],
}

impl<'a> Answer<'a> {
    /// `None` where it is none.
    pub(crate) fn read(message: &'a [u8]) -> Option<Self> {
        let mut answer = Self::default();
        each(message, |field, value| match (field, value) {
            (1, Content::Bytes(status)) => {
                each(status, |field, value| {
                    if let (1, Content::Number(own)) = (field, value) {
                        answer.code = own;
                    }
                });
            }
            (2, Content::Bytes(content)) => answer.denied = content,
            (3, Content::Bytes(content)) => answer.ok = content,
            (4, Content::Bytes(content)) => answer.metadata = content,
            _ => {}
        })?;
        Some(answer)
    }

    /// Writes down what it says for others; and, as Envoy does, how long a yes took.
    pub(crate) fn write(&self, filter: &'static str, took: Duration, written: &mut Written) {
        let Some(mut fields) = object::read(self.metadata).filter(|fields| !fields.is_empty()) else {
            return;
        };
        if self.is_yes() {
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            fields.insert(TOOK.to_owned(), millis.into());
        }
        written.add(filter, fields);
    }

    pub(crate) fn is_yes(&self) -> bool {
        self.code == OK
    }
}

/// What is known of a connection, as the first fields of an `AttributeContext`; `own` is who the proxy is.
pub(crate) fn ends(down: &Downstream, own: &str) -> Vec<u8> {
    let principal = down.peer.as_ref().map(|peer| &*peer.spiffe);
    field(|out| {
        bytes(out, 1, &peer(down.remote, principal));
        bytes(out, 2, &peer(down.destination, principal.map(|_| own)));
    })
}

/// `AttributeContext.Peer`.
fn peer(address: SocketAddr, principal: Option<&str>) -> Vec<u8> {
    let socket = field(|out| {
        bytes(out, 2, address.ip().to_string().as_bytes());
        number(out, 3, address.port().into());
    });
    let address = field(|out| bytes(out, 1, &socket));
    field(|out| {
        bytes(out, 1, &address);
        if let Some(principal) = principal {
            bytes(out, 4, principal.as_bytes());
        }
    })
}

/// Asks about an `AttributeContext`: the answer's message.
pub(crate) async fn call(
    shared: &Shared,
    authorizer: &Authorizer,
    cluster: &Arc<Cluster>,
    attributes: &[u8],
) -> Result<Bytes, String> {
    let message = framed(&field(|out| bytes(out, 1, attributes)));
    let message = message.ok_or("the request is too long to be asked about")?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!(
            "http://{}/envoy.service.auth.v3.Authorization/Check",
            authorizer.wire.host
        ))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .body(Bytes::from(message))
        .map_err(|error| error.to_string())?;
    let bound = authorizer.wire.timeout.to_duration();
    let answer = client::ask(shared, cluster, true, request, bound)
        .await
        .map_err(|error| error.to_string())?;
    let status = answer
        .parts
        .headers
        .get("grpc-status")
        .filter(|status| *status != "0");
    if answer.parts.status != StatusCode::OK || status.is_some() {
        return Err(format!("it answers {} {status:?}", answer.parts.status));
    }
    // One message, not compressed.
    match answer.body.split_at_checked(5) {
        Some(([0, a, b, c, d], message))
            if message.len() == u32::from_be_bytes([*a, *b, *c, *d]) as usize =>
        {
            Ok(answer.body.slice(5..))
        }
        _ => Err("its answer is no message".to_owned()),
    }
}

/// A message, as it is written.
pub(crate) fn field(content: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    content(&mut out);
    out
}
