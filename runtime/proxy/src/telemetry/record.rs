use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use mesh_wire::snapshot::AccessLog;
use time::OffsetDateTime;

use super::{Flag, access_log};

/// One request or connection, as the access log tells it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) start: OffsetDateTime,
    pub(crate) duration: Duration,
    /// `None` for a TCP connection.
    pub(crate) request: Option<Request>,
    pub(crate) code: u16,
    pub(crate) flag: Flag,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: Option<String>,
    pub(crate) upstream_failure: Option<String>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) upstream_time: Option<Duration>,
    pub(crate) upstream_host: Option<Arc<str>>,
    pub(crate) upstream_cluster: Option<Arc<str>>,
    pub(crate) upstream_local: Option<SocketAddr>,
    pub(crate) downstream_local: SocketAddr,
    pub(crate) downstream_remote: SocketAddr,
    pub(crate) sni: Option<Arc<str>>,
    pub(crate) route: Option<Arc<str>>,
}

/// What the log tells of a request; all of it shares memory with the request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, before any rewrite.
    pub(crate) path: String,
    pub(crate) protocol: &'static str,
    pub(crate) authority: String,
    pub(crate) forwarded_for: Option<HeaderValue>,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) request_id: Option<HeaderValue>,
}

impl Request {
    pub(crate) fn headers(&mut self, headers: &HeaderMap) {
        self.forwarded_for = headers.get("x-forwarded-for").cloned();
        self.user_agent = headers.get(http::header::USER_AGENT).cloned();
        self.request_id = headers.get("x-request-id").cloned();
    }
}

impl Entry {
    /// The entry as the snapshot wants it, with its line's end.
    pub(crate) fn render(&self, form: &AccessLog) -> String {
        match form {
            AccessLog::Text(_) => access_log::text(self),
            AccessLog::Json => access_log::json(self),
        }
    }
}
