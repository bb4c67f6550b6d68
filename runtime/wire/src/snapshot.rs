//! All that a data plane has to know at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::cluster::{Cluster, Locality};
use crate::listener::{Detection, InboundListener, OutboundListener};
use crate::matcher::is_false;
use crate::route::RouteTable;
use crate::telemetry::{AccessLogOptions, AnotherLog, MetricEdit, TraceTag};

/// The newest format of [`Snapshot`] that this crate reads.
pub const FORMAT: u32 = 1;

/// All that a data plane has to know at one moment.
///
/// In a bundle it lies in two parts: `/etc/meshd/snapshot.json`, the VM's own, names in `include` the files
/// that all VMs of its group share; [`Snapshot::merge`] puts them together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Snapshot {
    /// [`FORMAT`] of its writer.
    pub format: u32,
    /// Files beside this one that are merged in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// The proxy itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    /// Who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// By the port dialled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inbound: Vec<InboundListener>,
    /// By the address dialled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound: Vec<OutboundListener>,
    /// The cluster of connections that no outbound listener takes: `PassthroughCluster` or `BlackHoleCluster`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound_default: Option<String>,
    /// How protocols are detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
    /// Name -> routes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, RouteTable>,
    /// Name (`outbound|PORT|SUBSET|HOST`) -> cluster.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clusters: BTreeMap<String, Cluster>,
    /// What is counted and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Telemetry>,
}

/// The proxy itself (Envoy `Node`, Istio's node metadata).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Node {
    /// `sidecar~IP~NAME.NS~NS.svc.cluster.local`.
    pub id: String,
    /// The workload's name, such as the VM's.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Workload in metrics: the group's name.
    pub workload: String,
    /// Addresses that it serves on.
    pub addresses: Vec<IpAddr>,
    /// Istio's cluster ID.
    pub cluster: String,
    /// Istio's mesh ID.
    pub mesh: String,
    /// Network.
    pub network: String,
    /// Place.
    #[serde(default)]
    pub locality: Locality,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Who the proxy is and whom it trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// Trust domain.
    pub trust_domain: String,
    /// Other names of the trust domain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust_domain_aliases: Vec<String>,
    /// Kubernetes service account.
    pub service_account: String,
    /// `spiffe://TD/ns/NS/sa/SA`.
    pub spiffe: String,
    /// Where the certificate comes from.
    pub source: IdentitySource,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum IdentitySource {
    /// PEM files, read again when they change.
    Files {
        /// Leaf first, then intermediates.
        cert_chain: String,
        /// Private key.
        key: String,
        /// Trust bundle.
        roots: String,
        /// Lists of the certificates of the mesh that were revoked (RFC 5280, 5), where there are any: then every
        /// authority of a chain has to have one that has not ended, as Envoy has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crl: Option<String>,
    },
}

/// What is counted and written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Telemetry {
    /// Istio's standard metrics on 15090.
    pub metrics: bool,
    /// Changes of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metric_edits: Vec<MetricEdit>,
    /// The access log, on standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
    /// What is said of it beyond its form.
    #[serde(skip_serializing_if = "AccessLogOptions::is_empty")]
    pub access_log_options: AccessLogOptions,
    /// Logs beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_access_logs: Vec<AnotherLog>,
    /// Traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Tracing>,
}

impl Telemetry {
    /// All access logs.
    pub fn logs(&self) -> impl Iterator<Item = (&AccessLog, &AccessLogOptions)> {
        let more = self.more_access_logs.iter().map(|log| (&log.form, &log.options));
        let first = self
            .access_log
            .iter()
            .map(|form| (form, &self.access_log_options));
        first.chain(more)
    }
}

/// The form of the access log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AccessLog {
    /// Istio's line of text; `None` is its default format.
    Text(Option<String>),
    /// An object a line.
    Json,
}

/// Where spans go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tracing {
    /// Cluster of the collector.
    pub cluster: String,
    /// Its protocol.
    pub provider: TracingProvider,
    /// Share of requests.
    pub sampling: crate::route::PerMillion,
    /// Tags of every span.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, TraceTag>,
}

/// What a collector speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TracingProvider {
    /// Zipkin v2 JSON.
    Zipkin,
    /// OTLP over gRPC.
    Otlp,
}

/// What the mesh calls its hosts: `/etc/meshd/names.json` (Istio `NameTable`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NameTable {
    /// [`FORMAT`] of its writer.
    pub format: u32,
    /// Seconds that an answer may be kept.
    pub ttl: u32,
    /// Domains that are tried behind a name, in order.
    pub search: Vec<String>,
    /// Host, lower case without the last dot, `*.x` for wildcards -> what it resolves to.
    pub hosts: BTreeMap<String, NameEntry>,
    /// Domains whose names are asked from servers of their own; longest suffix wins.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub forward: BTreeMap<String, Vec<IpAddr>>,
    /// Servers for all other names; empty takes those of the machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<IpAddr>,
}

/// What one host resolves to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NameEntry {
    /// IPv4 and IPv6 addresses; none answers NOERROR without records.
    pub addresses: Vec<IpAddr>,
    /// A host of Kubernetes: it also answers to `name`, `name.ns` and `name.ns.svc`.
    #[serde(skip_serializing_if = "is_false")]
    pub kubernetes: bool,
}

impl Snapshot {
    /// Takes over what `part` says and `self` does not; of a list or a map, all entries. Of two outbound listeners or
    /// tables with one name, that of `self` stays.
    pub fn merge(&mut self, part: Self) {
        self.node = self.node.take().or(part.node);
        self.identity = self.identity.take().or(part.identity);
        self.outbound_default = self.outbound_default.take().or(part.outbound_default);
        self.detection = self.detection.take().or(part.detection);
        self.telemetry = self.telemetry.take().or(part.telemetry);
        self.inbound.extend(part.inbound);
        let own: BTreeSet<String> = self
            .outbound
            .iter()
            .map(|listener| listener.name.clone())
            .collect();
        let more = part.outbound.into_iter();
        self.outbound
            .extend(more.filter(|listener| !own.contains(&listener.name)));
        for (name, table) in part.routes {
            self.routes.entry(name).or_insert(table);
        }
        for (name, cluster) in part.clusters {
            self.clusters.entry(name).or_insert(cluster);
        }
    }

    /// What is wrong in itself: a format that is newer, references that lead nowhere, two of the same place.
    ///
    /// # Errors
    /// The first fault, with the name of the part.
    pub fn validate(&self) -> Result<(), InvalidSnapshot> {
        crate::snapshot::validate::validate(self)
    }
}

pub use validate::InvalidSnapshot;

mod validate;
