//! Where requests and connections go to (Envoy `config.cluster.v3` and `config.endpoint.v3`, Istio DestinationRule).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::matcher::{StringMatch, is_false};

/// A set of endpoints that serve the same, and how they are reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cluster {
    /// How endpoints are found.
    pub discovery: Discovery,
    /// How the wire is protected.
    pub transport: Transport,
    /// What HTTP version is spoken to the endpoints.
    #[serde(default)]
    pub http: HttpVersion,
    /// How one endpoint is chosen.
    #[serde(default)]
    pub balance: Balance,
    /// How localities are preferred.
    #[serde(default)]
    pub locality: LocalityPolicy,
    /// Until a TCP connection stands.
    pub connect_timeout: Millis,
    /// Bounds on what is under way (Envoy circuit breakers).
    #[serde(default)]
    pub limits: Limits,
    /// When an endpoint is left out for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers: Option<Outliers>,
    /// Below this percentage of healthy endpoints all are used; `0` never.
    #[serde(default)]
    pub panic_threshold: u8,
    /// TCP keepalive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keepalive: Option<Keepalive>,
    /// Share of a new endpoint grows over this time; `0` at once.
    #[serde(default)]
    pub warmup: Millis,
    /// How it grows, where it is not evenly and from a tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_curve: Option<WarmupCurve>,
    /// Names are looked up so often at least, and more often where their answers end sooner; `None` is Istio's minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_refresh: Option<Millis>,
    /// The connection's own address, 127.0.0.6 for inbound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<IpAddr>,
    /// Connections that carry no requests are hashed by the client's address, where `balance` takes a hash.
    #[serde(default, skip_serializing_if = "is_false")]
    pub source_hash: bool,
    /// With the discovery of the original destination: this port instead of the one that was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_override: Option<u16>,
    /// The service behind it, for metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Endpoints by locality; empty for the discoveries that need none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<LocalityEndpoints>,
}

impl Cluster {
    /// One host, by name or address, with all else as it is where nothing is said.
    pub fn of_host(
        host: &str,
        port: u16,
        transport: Transport,
        connect_timeout: std::time::Duration,
    ) -> Self {
        let millis = u64::try_from(connect_timeout.as_millis()).unwrap_or(u64::MAX);
        let endpoint = Endpoint {
            address: host.to_owned(),
            port,
            weight: 1,
            mtls: false,
            workload: None,
            labels: BTreeMap::new(),
        };
        Self {
            discovery: Discovery::StrictDns,
            transport,
            http: HttpVersion::default(),
            balance: Balance::default(),
            locality: LocalityPolicy::default(),
            connect_timeout: Millis(millis),
            limits: Limits::default(),
            outliers: None,
            panic_threshold: 0,
            keepalive: None,
            warmup: Millis(0),
            warmup_curve: None,
            name_refresh: None,
            source_address: None,
            source_hash: false,
            port_override: None,
            service: None,
            endpoints: vec![LocalityEndpoints {
                locality: Locality::default(),
                priority: 0,
                endpoints: vec![endpoint],
            }],
        }
    }
}

/// How the share of a new endpoint grows (Envoy `SlowStartConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WarmupCurve {
    /// `1` is evenly, more is slow at first.
    pub aggression: f64,
    /// Percent of the full share that it begins with.
    pub min_percent: u8,
}

/// The service that a cluster belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceName {
    /// Full host.
    pub host: String,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
}

/// How a cluster finds its endpoints (Envoy `DiscoveryType`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Discovery {
    /// They are listed here.
    Listed,
    /// The address that the client dialled.
    OriginalDestination,
    /// Names, looked up; every address is an endpoint.
    StrictDns,
    /// Names, looked up; one address at a time.
    LogicalDns,
    /// There are none: every connection is closed.
    BlackHole,
}

/// How the wire to an endpoint is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Transport {
    /// Not at all.
    Plaintext,
    /// Istio's mutual TLS with endpoints that can (`Endpoint::mtls`), plaintext with the others.
    Mesh(MeshTls),
    /// TLS that the proxy begins for the application (Istio SIMPLE, MUTUAL).
    Tls(OriginatedTls),
}

/// Istio's mutual TLS between workloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MeshTls {
    /// `outbound_.PORT_.SUBSET_.HOST`.
    pub sni: String,
    /// As for TCP; HTTP uses Istio's names for its version instead.
    pub alpn: Vec<String>,
    /// URI SANs of which the peer must carry one; empty accepts every workload of the trust domain.
    pub sans: Vec<StringMatch>,
}

/// TLS with a server outside the mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OriginatedTls {
    /// Name asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// Names of which the server must carry one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sans: Vec<StringMatch>,
    /// Protocols offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
    /// File with the CAs that are trusted; `None` is the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// File with certificates that are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_file: Option<String>,
    /// Files of the client's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientFiles>,
    /// The server's certificate is not checked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure_skip_verify: bool,
}

/// Files of a client's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientFiles {
    /// Certificate chain, PEM.
    pub cert_chain: String,
    /// Private key, PEM.
    pub key: String,
}

/// What HTTP version is spoken to endpoints.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 (gRPC too).
    Http2,
    /// What the client spoke.
    AsClient,
}

/// How one endpoint is chosen (Envoy `LbPolicy`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Balance {
    /// The one with fewer requests under way, of two drawn by weight. Istio's default.
    #[default]
    LeastRequest,
    /// In turn, by weight.
    RoundRobin,
    /// Drawn; weights do not count, as in Envoy.
    Random,
    /// By a hash on a ring of at least so many places.
    RingHash {
        /// Envoy's `minimum_ring_size`.
        minimum_size: u64,
    },
    /// By a hash in Maglev's table.
    Maglev {
        /// A prime.
        table_size: u64,
    },
    /// The discovery decides.
    Provided,
}

/// How localities are preferred (Istio `localityLbSetting`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LocalityPolicy {
    /// All the same.
    #[default]
    Ignore,
    /// The priority that each locality carries.
    Given,
    /// Priority by how near a locality is to the proxy's own: zone, region, the rest.
    Nearest,
    /// As `Nearest`, with a region or labels that say what comes next.
    Failover(Failover),
    /// Shares in percent by the proxy's own locality (`from` -> `to` -> share).
    Distribute(BTreeMap<String, BTreeMap<String, u32>>),
}

/// What takes over when near endpoints fail (Istio `failover`, `failoverPriority`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Failover {
    /// The region that takes over for one, before all others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<String, String>,
    /// Labels by which an endpoint is near: the more of them, from the first on, it shares with the proxy, the nearer.
    /// `KEY=VALUE` asks for a value instead of the proxy's own. With labels, places count only where `regions` has
    /// any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// Bounds on what is under way at once in one cluster; `None` is no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// TCP connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Requests that wait for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u32>,
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Tries after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Requests that one connection carries in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_connection: Option<u32>,
    /// A connection without requests is closed after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Millis>,
    /// The life of a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_age: Option<Millis>,
    /// What holds instead of connections that carry no requests, where it is not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<OfBytes>,
    /// Requests that one HTTP/2 connection carries at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<u32>,
    /// How HTTP/2 connections are asked whether they still stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping: Option<Ping>,
    /// Tries after the first, relative to what is under way; in place of `retries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_budget: Option<RetryBudget>,
}

/// How long connections last that carry no requests (Envoy `TcpProxy`, where listeners say it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct OfBytes {
    /// One on which nothing is said is closed after this; `None` is an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Millis>,
    /// Its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_age: Option<Millis>,
}

impl Limits {
    /// What holds of connections that carry no requests.
    pub fn of_bytes(&self) -> OfBytes {
        self.bytes.unwrap_or(OfBytes {
            idle_timeout: self.idle_timeout,
            connection_age: self.connection_age,
        })
    }
}

/// How HTTP/2 connections are asked whether they still stand (Envoy `KeepaliveSettings`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ping {
    /// How often.
    pub interval: Millis,
    /// Without an answer for so long, the connection is closed.
    pub timeout: Millis,
}

/// Tries after the first, relative to what is under way (Envoy `RetryBudget`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RetryBudget {
    /// Percent of the requests under way and waiting.
    pub percent: u8,
    /// So many are always fine.
    pub at_least: u32,
    /// The time over which requests count as under way; `0` only those that are.
    #[serde(default)]
    pub interval: Millis,
}

/// When an endpoint is left out for a while (Envoy `OutlierDetection`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Outliers {
    /// After so many 5xx or failed connections in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_5xx: Option<u32>,
    /// After so many 502, 503, 504 in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_gateway: Option<u32>,
    /// How often it is looked at.
    pub interval: Millis,
    /// For how long, times the number of ejections so far.
    pub ejection: Millis,
    /// At most this percentage of the endpoints.
    pub max_percent: u8,
    /// Connections that fail are counted apart from answers: after so many in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_local: Option<u32>,
    /// The statuses that count as failures, in place of all 5xx.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<u16>,
}

/// TCP keepalive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Keepalive {
    /// Idle time before the first probe, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u32>,
    /// Between probes, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u32>,
    /// Probes without answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<u32>,
}

/// Endpoints of one place (Envoy `LocalityLbEndpoints`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocalityEndpoints {
    /// Where.
    #[serde(default)]
    pub locality: Locality,
    /// `0` first; only with [`LocalityPolicy::Given`].
    #[serde(default)]
    pub priority: u32,
    /// Who.
    pub endpoints: Vec<Endpoint>,
}

/// A place: region, zone, sub-zone.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Locality {
    /// Region.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zone: String,
    /// Sub-zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subzone: String,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Endpoint {
    /// An address, or a name with the DNS discoveries. Behind a gateway, the gateway's.
    pub address: String,
    /// Port; behind a gateway 15443.
    pub port: u16,
    /// Share, relative to the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// Speaks Istio's mutual TLS (`tlsMode: istio`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub mtls: bool,
    /// The workload, for metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadName>,
    /// Its labels, those that [`Failover::labels`] names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A workload in metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WorkloadName {
    /// Name of the workload.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Canonical service.
    pub service: String,
    /// Canonical revision.
    pub revision: String,
    /// Cluster.
    pub cluster: String,
}

fn one() -> u32 {
    1
}
