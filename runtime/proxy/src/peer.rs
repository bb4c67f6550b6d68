//! What proxies tell each other about themselves: Istio's peer metadata, and who is at the end of a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::HeaderName;
use mesh_wire::Node;

use crate::telemetry::Party;
use crate::tls::PeerIdentity;
use crate::written::Written;

pub(crate) mod exchange;
pub(crate) mod object;
pub(crate) mod proto;

/// `sidecar~IP~NAME.NS~DOMAIN` of the sender.
pub(crate) const ID: HeaderName = HeaderName::from_static("x-envoy-peer-metadata-id");
/// Base64 of a `google.protobuf.Struct` about the sender.
pub(crate) const METADATA: HeaderName = HeaderName::from_static("x-envoy-peer-metadata");
/// More of it than this is not read.
const LONGEST: usize = 16 * 1024;

/// The proxy's own metadata, as headers, and as connections begin with it.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) id: HeaderValue,
    pub(crate) encoded: HeaderValue,
    /// Where TLS settled on `istio-peer-exchange`.
    pub(crate) preface: Vec<u8>,
}

impl Metadata {
    /// Istio's keys (istio/proxy `extensions/common/metadata_object.h`).
    pub(crate) fn of(node: &Node) -> Self {
        let labels: Vec<(&str, proto::Value<'_>)> = node
            .labels
            .iter()
            .map(|(key, value)| (key.as_str(), proto::Value::Text(value)))
            .collect();
        let fields = [
            ("CLUSTER_ID", proto::Value::Text(&node.cluster)),
            ("LABELS", proto::Value::Fields(&labels)),
            ("MESH_ID", proto::Value::Text(&node.mesh)),
            ("NAME", proto::Value::Text(&node.name)),
            ("NAMESPACE", proto::Value::Text(&node.namespace)),
            ("WORKLOAD_NAME", proto::Value::Text(&node.workload)),
        ];
        let encoded = STANDARD.encode(proto::encode(&fields));
        let header = |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        Self {
            id: header(&node.id),
            encoded: header(&encoded),
            preface: exchange::encode(&node.id, &fields),
        }
    }
}

/// The sender of a header [`METADATA`]; `None` where it cannot be read.
pub(crate) fn party(header: &HeaderValue) -> Option<Party> {
    if header.len() > LONGEST {
        return None;
    }
    let bytes = STANDARD.decode(header.as_bytes()).ok()?;
    let fields = proto::decode(&bytes)?;
    Some(described(|key| fields.get(key).cloned().unwrap_or_default()))
}

#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let _preface = exchange::Preface::read(read);
    if let Ok(header) = HeaderValue::from_bytes(read) {
        let _party = party(&header);
    }
    if let Ok(header) = HeaderValue::try_from(STANDARD.encode(read)) {
        let _party = party(&header);
    }
}

/// Who is described by Istio's keys.
fn described(text: impl Fn(&str) -> String) -> Party {
    let label = |key: &str| text(&format!("LABELS.{key}"));
    let either = |first: String, second: String| if first.is_empty() { second } else { first };
    let app = label("app");
    let service = either(
        label("service.istio.io/canonical-name"),
        either(app.clone(), text("WORKLOAD_NAME")),
    );
    let revision = either(label("service.istio.io/canonical-revision"), label("version"));
    Party {
        workload: text("WORKLOAD_NAME"),
        namespace: text("NAMESPACE"),
        principal: String::new(),
        version: label("version"),
        app,
        service,
        revision: either(revision, "latest".to_owned()),
        cluster: text("CLUSTER_ID"),
    }
}

/// A connection from a client, as policies, headers and logs see it.
#[derive(Debug)]
pub(crate) struct Downstream {
    pub(crate) remote: SocketAddr,
    /// The address that the client dialled.
    pub(crate) destination: SocketAddr,
    /// Its own address, where the application is to see it as its caller.
    pub(crate) seen_as: Option<IpAddr>,
    pub(crate) sni: Option<Arc<str>>,
    /// Who it is, by mutual TLS.
    pub(crate) peer: Option<Arc<PeerIdentity>>,
    /// What was written down of it, where it is of bytes.
    pub(crate) written: Written,
}
