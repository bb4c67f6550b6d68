//! A snapshot, compiled into what the hot path asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use mesh_wire::cluster::Transport;
use mesh_wire::{Identity, Node, Snapshot};

use crate::cluster::{Cluster, ClusterError, Own};
use crate::telemetry::{Decisions, Edits, Logs};
use crate::trace::Tracer;

#[cfg(test)]
mod agreement;
pub(crate) mod authorizers;
pub(crate) mod jwt;
mod listeners;
pub(crate) mod matcher;
pub(crate) mod policy;
pub(crate) mod routes;
mod unsupported;

pub(crate) use listeners::{Inbound, Listeners, Outbound, OutboundProtocol, Shares, by_address, by_sni};
pub use unsupported::unsupported;

use matcher::BadPattern;

/// One snapshot in force.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) node: Node,
    pub(crate) identity: Identity,
    pub(crate) listeners: Listeners,
    pub(crate) clusters: Clusters,
    /// `None` where nobody wants one.
    pub(crate) log: Option<Logs>,
    /// `None` where metrics are Istio's own.
    pub(crate) edits: Option<Arc<Edits>>,
    /// `None` where requests are not traced.
    pub(crate) tracer: Option<Tracer>,
    /// Keys of tokens that have to be fetched.
    pub(crate) remotes: jwt::Remotes,
    /// The proxy's own description, as HTTP peers are told it.
    pub(crate) metadata: crate::peer::Metadata,
}

/// Name -> cluster.
pub(crate) type Clusters = BTreeMap<String, Arc<Cluster>>;

/// Why a snapshot cannot be acted on, although it is consistent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error(transparent)]
    Invalid(#[from] mesh_wire::snapshot::InvalidSnapshot),
    #[error("{place}: {source}")]
    Pattern { place: String, source: BadPattern },
    #[error("cluster `{name}`: {source}")]
    Cluster { name: String, source: ClusterError },
    #[error("{place}: `{value}` is no header")]
    Header { place: String, value: String },
    #[error("{place}: {what}")]
    Value { place: String, what: String },
}

impl State {
    /// Compiles `snapshot`; clusters that are as they were in `before` keep their connections and their memory. With `reread`
    /// the [`files`] that it names are read again. What policies decide is counted in `decisions`.
    pub(crate) fn compile(
        snapshot: Snapshot,
        before: Option<&Self>,
        reread: bool,
        decisions: &Decisions,
    ) -> Result<Self, CompileError> {
        snapshot.validate()?;
        let missing = |part| mesh_wire::snapshot::InvalidSnapshot::Missing(part);
        let node = snapshot.node.clone().ok_or(missing("node"))?;
        let identity = snapshot.identity.clone().ok_or(missing("identity"))?;
        let mut clusters = Clusters::new();
        let own = Arc::new(Own::of(&node));
        for (name, wire) in &snapshot.clusters {
            let old = before.and_then(|before| before.clusters.get(name));
            let cluster =
                Cluster::compile(name, wire, &own, old, reread).map_err(|source| CompileError::Cluster {
                    name: name.clone(),
                    source,
                })?;
            clusters.insert(name.clone(), cluster);
        }
        let tokens = snapshot.inbound.iter().flat_map(|listener| &listener.jwt);
        let remotes = jwt::remotes(tokens, before.map(|before| &before.remotes));
        let listeners = Listeners::compile(&snapshot, &clusters, &remotes, decisions)?;
        let metadata = crate::peer::Metadata::of(&node);
        let log = Logs::compile(
            snapshot.telemetry.as_ref(),
            &node,
            before.and_then(|before| before.log.as_ref()),
        );
        let telemetry = snapshot.telemetry.as_ref();
        let changes = telemetry.map_or(&[][..], |telemetry| &telemetry.metric_edits);
        let edits = Edits::compile(changes, &node, before.and_then(|before| before.edits.as_ref()));
        let tracing = telemetry.and_then(|telemetry| telemetry.tracing.as_ref());
        let tracer = tracing.map(|tracing| Tracer::compile(tracing, &node));
        Ok(Self {
            snapshot: Arc::new(snapshot),
            node,
            identity,
            listeners,
            clusters,
            log,
            edits,
            tracer,
            remotes,
            metadata,
        })
    }

    /// The mesh's trust domain and its other names.
    pub(crate) fn trust_domains(&self) -> Vec<String> {
        let others = self.identity.trust_domain_aliases.iter();
        std::iter::once(&self.identity.trust_domain)
            .chain(others)
            .cloned()
            .collect()
    }
}

/// The files that `snapshot` names for TLS with servers outside the mesh: trust bundles, lists of revoked certificates,
/// and certificates of clients. Who says that they changed has them read again by [`Shared::reread`].
///
/// [`Shared::reread`]: crate::Shared::reread
pub fn files(snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    let transports = snapshot.clusters.values().map(|cluster| &cluster.transport);
    let tls = transports.filter_map(|transport| match transport {
        Transport::Tls(tls) => Some(tls),
        Transport::Mesh(_) | Transport::Plaintext => None,
    });
    let named = tls.flat_map(|tls| {
        let client = tls
            .client
            .iter()
            .flat_map(|client| [&client.cert_chain, &client.key]);
        tls.ca_file.iter().chain(&tls.crl_file).chain(client)
    });
    named.map(PathBuf::from).collect()
}

/// A cluster that the snapshot was validated to have.
fn cluster(clusters: &Clusters, name: &str) -> Result<Arc<Cluster>, CompileError> {
    let dangling = || mesh_wire::snapshot::InvalidSnapshot::Dangling {
        place: "a listener".to_owned(),
        kind: "cluster",
        name: name.to_owned(),
    };
    clusters.get(name).cloned().ok_or_else(|| dangling().into())
}
