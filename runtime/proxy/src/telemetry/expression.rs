//! What expressions of attributes can ask, answered by an entry of the log.

use http::header::HeaderName;
use mesh_wire::Node;
use mesh_wire::cel::{Attribute, Expression, PeerField, Value};

use super::Reporter;
use super::labels::Common;
use super::record::{Entry, Request};

/// One request or connection, as expressions see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(super) entry: &'a Entry,
    pub(super) node: &'a Node,
    /// `None` where the peers are not known.
    pub(super) common: Option<&'a Common>,
}

/// The headers of requests and of responses that `expressions` ask for.
pub(super) fn headers<'a>(
    expressions: impl Iterator<Item = &'a Expression>,
) -> (Vec<HeaderName>, Vec<HeaderName>) {
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for attribute in expressions.flat_map(|expression| expression.attributes()) {
        let (name, list) = match attribute {
            Attribute::RequestHeader(name) => (name.as_str(), &mut asked),
            Attribute::ResponseHeader(name) => (name.as_str(), &mut told),
            Attribute::RequestReferer => ("referer", &mut asked),
            _ => continue,
        };
        // What is no name is no header of any request.
        if let Ok(name) = HeaderName::try_from(name)
            && !list.contains(&name)
        {
            list.push(name);
        }
    }
    (asked, told)
}

impl<'a> Facts<'a> {
    pub(crate) fn of(entry: &'a Entry, node: &'a Node) -> Self {
        Self {
            entry,
            node,
            common: None,
        }
    }
}

impl Facts<'_> {
    pub(super) fn value(&self, expression: &Expression) -> Option<Value> {
        expression.evaluate(&|attribute| self.look(attribute))
    }

    fn look(&self, attribute: &Attribute) -> Option<Value> {
        use Attribute as A;
        let entry = self.entry;
        let number = |number: u64| i64::try_from(number).ok().map(Value::Number);
        match attribute {
            A::RequestPath
            | A::RequestUrlPath
            | A::RequestQuery
            | A::RequestHost
            | A::RequestScheme
            | A::RequestMethod
            | A::RequestReferer
            | A::RequestUserAgent
            | A::RequestId
            | A::RequestProtocol
            | A::RequestHeader(_) => asked(entry.request.as_ref()?, attribute),
            A::RequestSize => entry.request.as_ref().and_then(|_| number(entry.received)),
            A::ResponseCode => entry.request.as_ref().and_then(|_| number(entry.code.into())),
            A::ResponseCodeDetails => text(entry.details.as_deref()),
            A::ResponseGrpcStatus => entry.grpc.map(|status| Value::Number(status.into())),
            A::ResponseSize => entry.request.as_ref().and_then(|_| number(entry.sent)),
            A::ResponseHeader(name) => header(&entry.response_headers, name),
            A::SourceAddress => Some(Value::Text(entry.client().to_string())),
            A::SourcePort => number(entry.client().port().into()),
            A::DestinationAddress => Some(Value::Text(entry.downstream_local.to_string())),
            A::DestinationPort => number(entry.downstream_local.port().into()),
            A::ConnectionMtls => Some(Value::Truth(entry.peer.is_some())),
            A::ConnectionServerName => text(entry.sni.as_deref()),
            A::ConnectionPeerSan => text(entry.peer.as_deref()),
            A::ConnectionTermination => text(entry.termination.as_deref()),
            A::UpstreamAddress => text(entry.upstream_host.as_deref()),
            A::UpstreamPort => {
                let (_, port) = entry.upstream_host.as_deref()?.rsplit_once(':')?;
                port.parse().ok().map(Value::Number)
            }
            A::UpstreamLocalAddress => entry.upstream_local.map(|local| Value::Text(local.to_string())),
            A::UpstreamFailure => text(entry.upstream_failure.as_deref()),
            A::ClusterName => text(entry.upstream_cluster.as_deref()),
            A::RouteName => text(entry.route.as_deref()),
            A::NodeId => text(Some(&self.node.id)),
            A::NodeMetadata(keys) => metadata(self.node, keys),
            A::UpstreamPeer(field) => self.peer(Reporter::Source, *field),
            A::DownstreamPeer(field) => self.peer(Reporter::Destination, *field),
        }
    }

    /// Who calls is a peer for who is called, and the other way round.
    fn peer(&self, of: Reporter, field: PeerField) -> Option<Value> {
        let common = self.common.filter(|_| self.entry.reporter == of)?;
        text(common.peer(of, field))
    }
}

fn text(text: Option<&str>) -> Option<Value> {
    text.map(Value::from)
}

fn header(headers: &[(HeaderName, http::HeaderValue)], name: &str) -> Option<Value> {
    let (_, value) = headers.iter().find(|(known, _)| known == name)?;
    text(value.to_str().ok())
}

fn asked(request: &Request, attribute: &Attribute) -> Option<Value> {
    use Attribute as A;
    let known = |value: &Option<http::HeaderValue>| text(value.as_ref()?.to_str().ok());
    let (bare, query) = match request.last_path().split_once('?') {
        Some((bare, query)) => (bare, query),
        None => (request.last_path(), ""),
    };
    match attribute {
        A::RequestPath => text(Some(request.last_path())),
        A::RequestUrlPath => text(Some(bare)),
        A::RequestQuery => text(Some(query)),
        A::RequestHost => text(Some(&request.authority)),
        A::RequestScheme => text(Some("http")),
        A::RequestMethod => text(Some(request.method.as_str())),
        A::RequestReferer => header(&request.headers, "referer"),
        A::RequestUserAgent => known(&request.user_agent),
        A::RequestId => known(&request.request_id),
        A::RequestProtocol => text(Some(request.protocol)),
        A::RequestHeader(name) => match name.as_str() {
            ":path" => text(Some(request.last_path())),
            ":method" => text(Some(request.method.as_str())),
            ":authority" | "host" => text(Some(&request.authority)),
            ":scheme" => text(Some("http")),
            name => header(&request.headers, name),
        },
        _ => None,
    }
}

/// Istio's keys of the node's metadata, as far as a snapshot has them.
fn metadata(node: &Node, keys: &[String]) -> Option<Value> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match &keys[..] {
        ["NAME"] => text(Some(&node.name)),
        ["NAMESPACE"] => text(Some(&node.namespace)),
        ["WORKLOAD_NAME"] => text(Some(&node.workload)),
        ["CLUSTER_ID"] => text(Some(&node.cluster)),
        ["MESH_ID"] => text(Some(&node.mesh)),
        ["NETWORK"] => text(Some(&node.network)),
        ["LABELS", label] => text(node.labels.get(*label).map(String::as_str)),
        _ => None,
    }
}
