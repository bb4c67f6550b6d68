//! A snapshot in the words of Envoy: the bootstrap of an Envoy that does what meshd does.
//!
//! It is Envoy as it is published, without Istio's own extensions, and everything is static: no control plane is asked.
//! What the snapshot says and Envoy cannot is told in two lists: [`Exported::unsaid`] would send requests elsewhere or let
//! others in, so that a config with entries there must not be used; [`Exported::left_out`] only changes what is told of
//! requests.
//!
//! The tests of the proxy hold what such an Envoy does beside what the proxy does.

#![forbid(unsafe_code)]

mod action;
mod authorizer;
mod cluster;
mod dump;
mod endpoint;
mod inbound;
mod jwt;
mod log;
mod manager;
mod matcher;
mod outbound;
mod policy;
mod route;
mod tls;

use std::net::SocketAddr;

pub use dump::{Endpoint, Endpoints, Running, Secret, config_dump};

use mesh_wire::{Millis, Snapshot};
use serde_json::{Value, json};

/// Where Envoy listens.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Its administration.
    pub admin: SocketAddr,
    /// Connections that applications open, redirected by capture rules.
    pub outbound: SocketAddr,
    /// Connections that arrive for applications, redirected by capture rules.
    pub inbound: SocketAddr,
}

impl Default for Places {
    /// Those of meshd.
    fn default() -> Self {
        Self {
            admin: ([127, 0, 0, 1], 15000).into(),
            outbound: ([127, 0, 0, 1], 15001).into(),
            inbound: ([0, 0, 0, 0], 15006).into(),
        }
    }
}

/// What came of an export.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Envoy's bootstrap.
    pub config: Value,
    /// What Envoy cannot say and would do otherwise.
    pub unsaid: Vec<String>,
    /// What Envoy does not tell as meshd does: metrics, and what peers tell each other of themselves.
    pub left_out: Vec<String>,
}

/// What is gathered on the way.
struct Export<'a> {
    snapshot: &'a Snapshot,
    unsaid: Vec<String>,
    left_out: Vec<String>,
    /// Clusters that no snapshot names: those that key sets are fetched from.
    clusters: Vec<Value>,
}

impl Export<'_> {
    fn unsaid(&mut self, what: String) {
        if !self.unsaid.contains(&what) {
            self.unsaid.push(what);
        }
    }
}

/// The bootstrap of an Envoy that does what `snapshot` says.
pub fn envoy(snapshot: &Snapshot, places: &Places) -> Exported {
    let mut export = Export {
        snapshot,
        unsaid: Vec::new(),
        left_out: Vec::new(),
        clusters: Vec::new(),
    };
    let mut listeners = outbound::listeners(&mut export, places.outbound);
    listeners.extend(inbound::listener(&mut export, places.inbound));
    let mut clusters: Vec<Value> = Vec::new();
    for (name, cluster) in &snapshot.clusters {
        clusters.push(cluster::of(&mut export, name, cluster));
    }
    clusters.append(&mut export.clusters);
    log::left_out(&mut export);
    let config = json!({
        "node": node(snapshot),
        "admin": { "address": socket(places.admin) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
        "stats_config": figures(),
    });
    Exported {
        config: without_null(config),
        unsaid: export.unsaid,
        left_out: export.left_out,
    }
}

/// What is taken out of names of figures for Prometheus, as Istio's agent has it of policies' decisions
/// (istio `tools/packaging/common/envoy_bootstrap.json`).
fn figures() -> Value {
    let tags = [
        ("cluster_name", r"^cluster(\.(.+);)"),
        (
            "http_conn_manager_prefix",
            r"^http\.(((?:[_.[:digit:]\w]*|[_\[\]aAbBcCdDeEfF[:digit:]\w\:]*));\.)",
        ),
        ("tcp_prefix", r"^tcp\.((.*?)\.)\w+?$"),
        ("authz_enforce_result", r"rbac(\.(allowed|denied))"),
        ("authz_dry_run_action", r"(\.istio_dry_run_(allow|deny)_)"),
        ("authz_dry_run_result", r"(\.shadow_(allowed|denied))"),
    ];
    let tags = tags.map(|(name, regex)| json!({ "tag_name": name, "regex": regex }));
    json!({ "use_all_default_tags": false, "stats_tags": tags })
}

fn node(snapshot: &Snapshot) -> Value {
    let Some(node) = &snapshot.node else {
        return Value::Null;
    };
    let place = &node.locality;
    json!({
        "id": node.id,
        "cluster": format!("{}.{}", node.workload, node.namespace),
        "locality": { "region": place.region, "zone": place.zone, "sub_zone": place.subzone },
        "metadata": {
            "NAME": node.name, "NAMESPACE": node.namespace, "WORKLOAD_NAME": node.workload,
            "CLUSTER_ID": node.cluster, "MESH_ID": node.mesh, "NETWORK": node.network, "LABELS": node.labels,
        },
    })
}

fn socket(address: SocketAddr) -> Value {
    host_and_port(&address.ip().to_string(), address.port())
}

/// Envoy's `Address`: `host` is an IP address, or a name that is looked up.
pub fn host_and_port(host: &str, port: u16) -> Value {
    json!({ "socket_address": { "address": host, "port_value": port } })
}

/// Protobuf's text of a duration.
fn time(span: Millis) -> String {
    let (seconds, rest) = (span.0 / 1000, span.0 % 1000);
    if rest == 0 {
        format!("{seconds}s")
    } else {
        format!("{seconds}.{rest:03}s")
    }
}

/// An extension of Envoy: its name, the type of its config, the config.
fn extension(name: &str, kind: &str, mut config: Value) -> Value {
    if let Value::Object(members) = &mut config {
        members.insert("@type".to_owned(), format!("type.googleapis.com/{kind}").into());
    }
    json!({ "name": name, "typed_config": config })
}

/// `null` is for what is not said.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_null(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_null).collect(),
        other => other,
    }
}
