use mesh_wire::Millis;

use super::Labels;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `subset NAME key=value`.
#[derive(Clone, Debug)]
pub struct SubsetDecl {
    /// Name.
    pub name: Spanned<String>,
    /// What its workloads are labelled.
    pub labels: Labels,
    /// Where.
    pub span: Span,
}

/// `balance`.
#[derive(Clone, Debug)]
pub struct BalanceDecl {
    /// How.
    pub how: Spanned<String>,
    /// `prefer-near=`.
    pub prefer_near: Option<Spanned<bool>>,
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
    /// `connect-timeout=`: `tcp.connectTimeout`.
    pub connect_timeout: Option<Millis>,
    /// `idle-timeout=`: `http.idleTimeout`.
    pub idle_timeout: Option<Millis>,
    /// `keepalive-time=`: `tcp.tcpKeepalive.time`.
    pub keepalive_time: Option<Millis>,
    /// `keepalive-interval=`: `tcp.tcpKeepalive.interval`.
    pub keepalive_interval: Option<Millis>,
}

/// `eject`.
#[derive(Clone, Debug)]
pub struct EjectDecl {
    /// `after=`.
    pub after: Option<u32>,
    /// `after-gateway-errors=`.
    pub after_gateway_errors: Option<u32>,
    /// `every=`.
    pub every: Option<Millis>,
    /// `for=`.
    pub time: Option<Millis>,
    /// `at-most=`.
    pub at_most: Option<u8>,
    /// `min-health=`.
    pub min_health: Option<u8>,
    /// Where.
    pub span: Span,
}

impl SubsetDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            labels: item.labels.clone(),
            span: item.span,
        })
    }
}

impl BalanceDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            how: item.spanned("how")?,
            prefer_near: item.spanned("prefer-near"),
        })
    }
}

impl Limits {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            connections: item.get("connections"),
            pending: item.get("pending"),
            requests: item.get("requests"),
            retries: item.get("retries"),
            requests_per_connection: item.get("requests-per-connection"),
            connect_timeout: item.get("connect-timeout"),
            idle_timeout: item.get("idle-timeout"),
            keepalive_time: item.get("keepalive-time"),
            keepalive_interval: item.get("keepalive-interval"),
        }
    }
}

impl EjectDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            after: item.get("after"),
            after_gateway_errors: item.get("after-gateway-errors"),
            every: item.get("every"),
            time: item.get("for"),
            at_most: item.get("at-most"),
            min_health: item.get("min-health"),
            span: item.span,
        }
    }
}
