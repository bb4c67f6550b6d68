//! All answers together, as one snapshot.

mod join;

use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::snapshot::{FORMAT, Tracing};
use mesh_wire::{Millis, NameTable, Snapshot};

use crate::listener::{Logs, Metrics};
use crate::reader::Reader;
use crate::report::{Report, Unsupported};
use crate::response::Response;
use crate::{cluster, endpoint, listener, names, route};

/// What istiod's answers say.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    /// All but `node` and `identity`, which xDS does not say: it is the asker who knows them.
    pub snapshot: Snapshot,
    /// The mesh's names.
    pub names: NameTable,
    /// The trust domains of peers that may come in: the asker's own and its other names.
    pub trust_domains: BTreeSet<String>,
    /// What was sent and is not in the snapshot; in order of its paths.
    pub unsupported: Vec<Unsupported>,
}

/// Istio's agent answers names with this time to live, in seconds (`pkg/dns/client/dns.go`).
const NAMES_TTL: u32 = 30;

/// What is put together while answers are read, in whatever order they come.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) snapshot: Snapshot,
    pub(crate) names: NameTable,
    /// By the name that a cluster asks for.
    pub(crate) endpoints: BTreeMap<String, Vec<endpoint::Place>>,
    /// Clusters whose endpoints come apart from them, or were there already.
    pub(crate) asked: BTreeMap<String, Asked>,
    /// What listeners say of connections to a cluster, and where they say it.
    pub(crate) of_connections: Vec<(String, String, OfConnections)>,
    pub(crate) logs: Logs,
    pub(crate) metrics: Metrics,
    pub(crate) tracing: Option<Tracing>,
    pub(crate) trust_domains: BTreeSet<String>,
}

/// What a listener says of connections and a snapshot says by the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfConnections {
    pub(crate) source_hash: bool,
    pub(crate) idle: Option<Millis>,
    pub(crate) age: Option<Millis>,
}

/// Certificates and keys are no part of a snapshot, and are never shown.
fn secret(mut secret: Reader<'_>) {
    let name = secret.text("name");
    secret.step("sds");
    let why = "certificates come from files or from the CA, not from a snapshot";
    secret.tell(&name, &serde_json::json!("a secret"), why);
    secret.dismiss();
}

/// The endpoints of a cluster.
pub(crate) struct Asked {
    pub(crate) from: From,
    /// Places have shares of their own.
    pub(crate) shared: bool,
}

/// Where they are.
pub(crate) enum From {
    Here(Vec<endpoint::Place>),
    /// By this name.
    Apart(String),
}

/// Translates answers of all types; of two with one name the later counts.
pub fn translate(responses: impl IntoIterator<Item = Response>) -> Translation {
    let report = Report::default();
    let mut parts = Parts::default();
    parts.snapshot.format = FORMAT;
    parts.names.format = FORMAT;
    parts.names.ttl = NAMES_TTL;
    for response in responses {
        let mut response = Reader::new(response.0, "response".to_owned(), &report);
        // Of the conversation, not of the mesh.
        for name in ["version_info", "type_url", "nonce", "control_plane"] {
            response.skip(name);
        }
        for resource in response.messages("resources") {
            add(&mut parts, resource);
        }
    }
    join::endpoints(&mut parts, &report);
    join::connections(&mut parts, &report);
    join::tables(&mut parts.snapshot, &report);
    join::nobodys(&mut parts.snapshot);
    join::telemetry(&mut parts);
    Translation {
        snapshot: parts.snapshot,
        names: parts.names,
        trust_domains: parts.trust_domains,
        unsupported: report.end(),
    }
}

fn add(parts: &mut Parts, mut resource: Reader<'_>) {
    match resource.kind() {
        "envoy.service.discovery.v3.Resource" => {
            // What it wraps has the name too.
            for name in ["name", "version"] {
                resource.skip(name);
            }
            if let Some(inner) = resource.message("resource") {
                add(parts, inner);
            }
        }
        "envoy.config.cluster.v3.Cluster" => cluster::add(parts, resource),
        "envoy.config.endpoint.v3.ClusterLoadAssignment" => endpoint::add(parts, resource),
        "envoy.config.listener.v3.Listener" => listener::add(parts, resource),
        "envoy.config.route.v3.RouteConfiguration" => route::add(parts, resource),
        "istio.networking.nds.v1.NameTable" => names::add(parts, resource),
        "envoy.extensions.transport_sockets.tls.v3.Secret" => secret(resource),
        _ => resource.refuse_all("resources of this type are not translated"),
    }
}
