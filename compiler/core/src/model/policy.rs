use mesh_wire::Millis;

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
