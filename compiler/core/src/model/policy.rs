use mesh_wire::Millis;

use crate::diag::Span;

/// How callers treat a service (DestinationRule `trafficPolicy`). `None` leaves Istio's default.
#[derive(Clone, Debug, Default)]
pub struct TrafficPolicy {
    /// How an endpoint is chosen.
    pub balance: Option<Balance>,
    /// Nearer localities first (`localityLbSetting`; needs `eject`).
    pub prefer_near: bool,
    /// Bounds.
    pub limits: Limits,
    /// When an endpoint is left out.
    pub eject: Option<Eject>,
}

/// How an endpoint is chosen (`loadBalancer.simple`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// LEAST_REQUEST.
    LeastRequest,
    /// ROUND_ROBIN.
    RoundRobin,
    /// RANDOM.
    Random,
}

/// `connectionPool`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `tcp.maxConnections`.
    pub connections: Option<u32>,
    /// `http.http1MaxPendingRequests`.
    pub pending: Option<u32>,
    /// `http.http2MaxRequests`.
    pub requests: Option<u32>,
    /// `http.maxRetries`.
    pub retries: Option<u32>,
    /// `http.maxRequestsPerConnection`.
    pub requests_per_connection: Option<u32>,
    /// `tcp.connectTimeout`.
    pub connect_timeout: Option<Millis>,
    /// `http.idleTimeout`.
    pub idle_timeout: Option<Millis>,
    /// `tcp.tcpKeepalive.time`.
    pub keepalive_time: Option<Millis>,
    /// `tcp.tcpKeepalive.interval`.
    pub keepalive_interval: Option<Millis>,
}

/// `outlierDetection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eject {
    /// `consecutive5xxErrors`.
    pub after: Option<u32>,
    /// `consecutiveGatewayErrors`.
    pub after_gateway_errors: Option<u32>,
    /// `interval`; 10 s.
    pub every: Millis,
    /// `baseEjectionTime`; 30 s.
    pub time: Millis,
    /// `maxEjectionPercent`; `None` is Istio's 10.
    pub at_most: Option<u8>,
    /// `minHealthPercent`; `None` is 0.
    pub min_health: Option<u8>,
}

/// One rule of who may call a service (AuthorizationPolicy, action ALLOW). All that it says must hold; each
/// list needs one match, an empty list asks nothing.
#[derive(Clone, Debug)]
pub struct Allow {
    /// Who.
    pub from: Vec<Source>,
    /// HTTP methods.
    pub methods: Vec<String>,
    /// Paths: exact, `/x*` or `*x`.
    pub paths: Vec<String>,
    /// Workload ports.
    pub ports: Vec<u16>,
    /// Where it is written.
    pub span: Span,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An account: everything that runs as it.
    Account {
        /// Namespace.
        namespace: String,
        /// Service account.
        account: String,
    },
    /// Everything of a namespace.
    Namespace(String),
}
