use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `limits`.
#[derive(Clone, Debug)]
pub struct LimitsDecl {
    /// What they say.
    pub limits: Limits,
    /// `http2=`.
    pub http2: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

/// `limits`: DestinationRule `connectionPool`. `None` leaves Istio's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `connections=`: `tcp.maxConnections`.
    pub connections: Option<u32>,
    /// `pending=`: `http.http1MaxPendingRequests`.
    pub pending: Option<u32>,
    /// `requests=`: `http.http2MaxRequests`.
    pub requests: Option<u32>,
    /// `retries=`: `http.maxRetries`.
    pub retries: Option<u32>,
    /// `requests-per-connection=`: `http.maxRequestsPerConnection`.
    pub requests_per_connection: Option<u32>,
    /// `streams=`: `http.maxConcurrentStreams`.
    pub streams: Option<u32>,
    /// `connect-timeout=`: `tcp.connectTimeout`.
    pub connect_timeout: Option<Millis>,
    /// `idle-timeout=`: `http.idleTimeout` for requests, `tcp.idleTimeout` for bytes.
    pub idle_timeout: Option<Millis>,
    /// `connection-age=`: `tcp.maxConnectionDuration`.
    pub connection_age: Option<Millis>,
    /// `keepalive-time=`: `tcp.tcpKeepalive.time`.
    pub keepalive_time: Option<Millis>,
    /// `keepalive-interval=`: `tcp.tcpKeepalive.interval`.
    pub keepalive_interval: Option<Millis>,
    /// `keepalive-probes=`: `tcp.tcpKeepalive.probes`.
    pub keepalive_probes: Option<u32>,
    /// `http2=`: `http.h2UpgradePolicy`, `http.useClientProtocol`.
    pub http2: Option<Http2>,
    /// `ping-interval=`: `http.http2KeepAlive.interval`.
    pub ping_interval: Option<Millis>,
    /// `ping-timeout=`: `http.http2KeepAlive.timeout`.
    pub ping_timeout: Option<Millis>,
}

/// What HTTP version is spoken on a port that says `http`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http2 {
    /// `h2UpgradePolicy: UPGRADE`.
    Upgrade,
    /// `h2UpgradePolicy: DO_NOT_UPGRADE`.
    Never,
    /// `useClientProtocol: true`.
    AsClient,
}

/// `eject`.
#[derive(Clone, Debug)]
pub struct EjectDecl {
    /// `after=`.
    pub after: Option<Spanned<u32>>,
    /// `after-gateway-errors=`.
    pub after_gateway_errors: Option<Spanned<u32>>,
    /// `after-local-errors=`.
    pub after_local_errors: Option<u32>,
    /// `statuses=`.
    pub statuses: Option<Spanned<Vec<u16>>>,
    /// `every=`.
    pub every: Option<Millis>,
    /// `for=`.
    pub time: Option<Millis>,
    /// `at-most=`.
    pub at_most: Option<Spanned<u8>>,
    /// `min-health=`.
    pub min_health: Option<u8>,
    /// Where.
    pub span: Span,
}

/// `retry-budget`.
#[derive(Clone, Debug)]
pub struct RetryBudgetDecl {
    /// Percent.
    pub share: u8,
    /// `at-least=`.
    pub at_least: Option<u32>,
    /// `over=`.
    pub over: Option<Millis>,
}

impl LimitsDecl {
    pub(super) fn read(item: &Item) -> Self {
        let http2: Option<Spanned<String>> = item.spanned("http2");
        let limits = Limits {
            connections: item.get("connections"),
            pending: item.get("pending"),
            requests: item.get("requests"),
            retries: item.get("retries"),
            requests_per_connection: item.get("requests-per-connection"),
            streams: item.get("streams"),
            connect_timeout: item.get("connect-timeout"),
            idle_timeout: item.get("idle-timeout"),
            connection_age: item.get("connection-age"),
            keepalive_time: item.get("keepalive-time"),
            keepalive_interval: item.get("keepalive-interval"),
            keepalive_probes: item.get("keepalive-probes"),
            http2: http2.as_ref().map(|word| match word.value.as_str() {
                "upgrade" => Http2::Upgrade,
                "never" => Http2::Never,
                _ => Http2::AsClient,
            }),
            ping_interval: item.get("ping-interval"),
            ping_timeout: item.get("ping-timeout"),
        };
        Self {
            limits,
            http2,
            span: item.span,
        }
    }
}

impl EjectDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            after: item.spanned("after"),
            after_gateway_errors: item.spanned("after-gateway-errors"),
            after_local_errors: item.get("after-local-errors"),
            statuses: item.spanned("statuses"),
            every: item.get("every"),
            time: item.get("for"),
            at_most: item.spanned("at-most"),
            min_health: item.get("min-health"),
            span: item.span,
        }
    }
}

impl RetryBudgetDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            share: item.get("share")?,
            at_least: item.get("at-least"),
            over: item.get("over"),
        })
    }
}
