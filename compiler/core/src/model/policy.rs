use mesh_wire::Millis;

use crate::diag::Span;
// There is nothing to resolve in them: what is written is what is meant.
pub use crate::spec::decl::Limits;

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
