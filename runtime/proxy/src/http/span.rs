//! What collectors of traces are told of a request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

use super::finish::Finish;
use crate::state::routes::without_port;
use crate::trace::{Begun, Span};

/// With the tags that Envoy gives (`HttpTracerUtility::finalizeDownstreamSpan`).
pub(super) fn of(finish: &Finish, begun: Begun, received: u64, duration: Duration) -> Span {
    let down = &finish.connection.down;
    let mut tags = begun.tags;
    let mut tag = |name: &str, value: &str| tags.push((name.to_owned(), value.to_owned()));
    if let Some(request) = &finish.request {
        tag("http.method", request.method.as_str());
        tag(
            "http.url",
            &format!("http://{}{}", request.authority, request.path),
        );
        tag("http.protocol", request.protocol);
        tag("user_agent", text(request.user_agent.as_ref()));
        tag("guid:x-request-id", text(request.request_id.as_ref()));
    }
    tag("http.status_code", &finish.code.to_string());
    tag("response_flags", finish.flag.as_str());
    tag("request_size", &received.to_string());
    tag("response_size", &finish.sent.to_string());
    tag("peer.address", &down.remote.ip().to_string());
    tag("downstream_cluster", "-");
    if let Some(cluster) = &finish.cluster {
        tag("upstream_cluster", cluster);
        tag("upstream_cluster.name", cluster);
    }
    if let Some(status) = finish.grpc {
        tag("grpc.status_code", &status.to_string());
    }
    let port = down.destination.port();
    let authority = finish.request.as_ref().map_or("", |request| &request.authority);
    Span {
        context: begun.context,
        side: finish.connection.side.reporter(),
        // As Istio names operations.
        name: format!("{}:{port}/*", without_port(authority)),
        start: nanos(finish.at()),
        duration: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        port,
        failed: finish.code == 0 || finish.code >= 500,
        tags,
    }
}

fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or("-")
}
