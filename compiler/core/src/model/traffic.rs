use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::route::HashPolicy;

// There is nothing to resolve in them: what is written is what is meant.
pub use crate::spec::decl::{Http2, Limits};

/// How callers treat a service, one port or one version of it (DestinationRule `trafficPolicy`). `None` leaves
/// what the wider place says, or Istio's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficPolicy {
    /// How an endpoint is chosen.
    pub balance: Option<LoadBalancer>,
    /// Bounds.
    pub limits: Option<Limits>,
    /// When an endpoint is left out.
    pub eject: Option<Eject>,
    /// TLS that the proxy begins for the application.
    pub tls: Option<ClientTls>,
    /// How many tries after the first may be under way.
    pub retry_budget: Option<RetryBudget>,
}

/// How an endpoint is chosen (`loadBalancer`). A narrower place replaces it whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadBalancer {
    /// Among those of one place.
    pub how: Option<Balance>,
    /// The share of new ones grows.
    pub warm_up: Option<WarmUp>,
    /// Among places.
    pub locality: Option<LocalityRule>,
}

/// How an endpoint is chosen among those of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Balance {
    /// LEAST_REQUEST.
    LeastRequest,
    /// ROUND_ROBIN.
    RoundRobin,
    /// RANDOM.
    Random,
    /// PASSTHROUGH: the address that was dialled.
    Passthrough,
    /// `consistentHash`.
    Hash {
        /// What is hashed.
        key: HashPolicy,
        /// How hashes find endpoints.
        table: HashTable,
    },
}

/// How hashes find endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashTable {
    /// A ring of at least so many places; Istio's default is 1024.
    Ring(Option<u64>),
    /// Maglev's table of so many places, a prime.
    Maglev(u64),
}

/// The share of a new endpoint grows (`warmup`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// How long.
    pub duration: Millis,
    /// `None` is Istio's 1: evenly.
    pub aggression: Option<f64>,
    /// Percent that it begins with; `None` is Istio's 10.
    pub min: Option<u8>,
}

/// Which places serve a caller (`localityLbSetting`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalityRule {
    /// `enabled`; `None` is Istio's default, on wherever outliers are ejected.
    pub prefer_near: Option<bool>,
    /// The region that takes over for another.
    pub failover: BTreeMap<String, String>,
    /// Labels by which endpoints are near, in order.
    pub priority: Vec<String>,
    /// Shares in percent: place of the caller, place of the endpoints.
    pub distribute: BTreeMap<String, BTreeMap<String, u32>>,
}

/// `outlierDetection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eject {
    /// `consecutive5xxErrors`.
    pub after: Option<u32>,
    /// `consecutiveGatewayErrors`.
    pub after_gateway_errors: Option<u32>,
    /// `consecutiveLocalOriginFailures`, with `splitExternalLocalOriginErrors`.
    pub after_local_errors: Option<u32>,
    /// `outlierDetectionHttpErrorCodes`; empty is all 5xx.
    pub statuses: Vec<u16>,
    /// `interval`; 10 s.
    pub every: Millis,
    /// `baseEjectionTime`; 30 s.
    pub time: Millis,
    /// `maxEjectionPercent`; `None` is Istio's 10.
    pub at_most: Option<u8>,
    /// `minHealthPercent`; `None` is 0.
    pub min_health: Option<u8>,
}

/// TLS that the proxy begins for the application (`tls` with mode SIMPLE or MUTUAL).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls {
    /// The name asked for, where the spec gives one.
    pub sni: Option<String>,
    /// Names of which the server has to carry one, where the spec gives any; ordered.
    pub sans: Vec<String>,
    /// File with the CAs; `None` is the system's.
    pub ca: Option<String>,
    /// File with revoked certificates.
    pub crl: Option<String>,
    /// The caller shows a certificate: mode MUTUAL.
    pub mutual: bool,
    /// Files of the caller's certificate and key.
    pub client: Option<(String, String)>,
    /// A Secret that an egress gateway reads instead of files.
    pub credential: Option<String>,
    /// The server is not checked.
    pub insecure: bool,
}

/// `retryBudget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Percent of the requests under way.
    pub percent: u8,
    /// So many are always fine; `None` is Istio's 3.
    pub at_least: Option<u32>,
    /// The time over which requests count; `None` counts those under way.
    pub over: Option<Millis>,
}

impl TrafficPolicy {
    /// It says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This policy with what `narrower` says in its place, part by part (Istio `MergeTrafficPolicy`).
    #[must_use]
    pub fn overlaid(&self, narrower: &Self) -> Self {
        Self {
            balance: narrower.balance.as_ref().or(self.balance.as_ref()).cloned(),
            limits: narrower.limits.as_ref().or(self.limits.as_ref()).cloned(),
            eject: narrower.eject.as_ref().or(self.eject.as_ref()).cloned(),
            tls: narrower.tls.as_ref().or(self.tls.as_ref()).cloned(),
            retry_budget: narrower.retry_budget.or(self.retry_budget),
        }
    }

    /// How an endpoint is chosen among those of one place, where that is said.
    pub fn how(&self) -> Option<&Balance> {
        self.balance.as_ref()?.how.as_ref()
    }

    /// What is hashed to choose an endpoint, where anything is.
    pub fn hash(&self) -> Option<&HashPolicy> {
        match self.how()? {
            Balance::Hash { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Which places serve a caller, where that is said.
    pub fn locality(&self) -> Option<&LocalityRule> {
        self.balance.as_ref()?.locality.as_ref()
    }
}
