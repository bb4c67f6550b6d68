use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;
use http::{HeaderValue, Method};
use mesh_http2::Fields;
use time::OffsetDateTime;

use super::{Flags, Reporter};
use crate::written::Written;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One request or connection, as the access log tells it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) start: OffsetDateTime,
    pub(crate) duration: Duration,
    /// `None` for a TCP connection.
    pub(crate) request: Option<Request>,
    pub(crate) code: u16,
    pub(crate) flag: Flags,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: Option<String>,
    /// Envoy's `%CONNECTION_TERMINATION_DETAILS%`, of a TCP connection.
    pub(crate) termination: Option<String>,
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
    pub(crate) reporter: Reporter,
    /// The client's SPIFFE ID.
    pub(crate) peer: Option<Arc<str>>,
    /// The request says that it is of gRPC.
    pub(crate) is_grpc: bool,
    /// What the answer says of itself, whatever the request was.
    pub(crate) grpc: Option<i32>,
    /// Those that the form tells.
    pub(crate) response_headers: Vec<(HeaderName, HeaderValue)>,
    /// Those that the form tells.
    pub(crate) response_trailers: Vec<(HeaderName, HeaderValue)>,
    /// What filters wrote down.
    pub(crate) written: Written,
}

impl Entry {
    /// Who calls: the last that X-Forwarded-For names, without a port, or the other end of the connection.
    pub(super) fn client(&self) -> SocketAddr {
        let named = self
            .request
            .as_ref()
            .and_then(|request| request.forwarded_for.as_ref());
        let last = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        last.map_or(self.downstream_remote, |ip: IpAddr| SocketAddr::new(ip, 0))
    }
}

/// What the log tells of a request; all of it shares memory with the request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, before any rewrite.
    pub(crate) path: String,
    /// Path and query as they are sent, where they were rewritten.
    pub(crate) sent: Option<String>,
    pub(crate) protocol: &'static str,
    pub(crate) authority: String,
    pub(crate) forwarded_for: Option<HeaderValue>,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) request_id: Option<HeaderValue>,
    /// Trace and span that it is, whether or not anybody hears of them.
    pub(crate) trace: Option<(u128, u64)>,
    /// Others that the form tells.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Those of `headers` that are named.
pub(crate) fn named(headers: &Fields, names: &[HeaderName]) -> Vec<(HeaderName, HeaderValue)> {
    picked(names, |name| headers.get(name))
}

/// Those that are there.
pub(crate) fn picked<'a>(
    names: &[HeaderName],
    get: impl Fn(&HeaderName) -> Option<&'a HeaderValue>,
) -> Vec<(HeaderName, HeaderValue)> {
    let found = names
        .iter()
        .filter_map(|name| Some((name.clone(), get(name)?.clone())));
    found.collect()
}

impl Request {
    /// What came was none: nothing of it is known.
    pub(crate) fn unknown() -> Self {
        Self {
            method: Method::from_bytes(b"-").unwrap_or_default(),
            path: "-".to_owned(),
            protocol: "HTTP/1.1",
            authority: "-".to_owned(),
            forwarded_for: None,
            user_agent: None,
            request_id: None,
            trace: None,
            sent: None,
            headers: Vec::new(),
        }
    }

    /// Path and query, as they are known last.
    pub(crate) fn last_path(&self) -> &str {
        self.sent.as_deref().unwrap_or(&self.path)
    }

    pub(crate) fn headers(&mut self, headers: &Fields, others: &[HeaderName]) {
        self.headers = named(headers, others);
        self.forwarded_for = headers.get(FORWARDED_FOR).cloned();
        self.user_agent = headers.get(http::header::USER_AGENT).cloned();
        self.request_id = headers.get(REQUEST_ID).cloned();
    }
}
