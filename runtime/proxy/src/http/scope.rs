//! The series that a request or a connection is counted in.

use std::sync::{Arc, PoisonError};

use http::HeaderValue;

use super::HttpConnection;
use crate::cluster::{Cluster, Endpoint};
use crate::peer::{self, Downstream};
use crate::shared::Shared;
use crate::state::State;
use crate::telemetry::{Common, Entry, Facts, Flag, Party, Reporter, Scope, TcpSeries};
use crate::tls::PeerIdentity;

/// For a request to `endpoint` of `cluster`, either of which there may not be. `metadata` is what the other side says of
/// itself: the client with its request, the server with its answer.
pub(super) fn http(
    connection: &HttpConnection,
    state: &State,
    cluster: Option<&Cluster>,
    endpoint: Option<&Endpoint>,
    upstream: Option<&PeerIdentity>,
    metadata: Option<&HeaderValue>,
) -> Option<Arc<Scope>> {
    if !state
        .snapshot
        .telemetry
        .as_ref()
        .is_some_and(|telemetry| telemetry.metrics)
    {
        return None;
    }
    let shared = &connection.shared;
    match (connection.side.reporter(), endpoint) {
        (Reporter::Source, Some(endpoint)) => {
            // Only who showed a certificate of the mesh is believed.
            let said = metadata.filter(|_| upstream.is_some());
            let told = said.and_then(|said| told(shared, state, cluster, endpoint, upstream, said));
            let listed = || outbound(shared, state, cluster, Some(endpoint), upstream);
            Some(told.unwrap_or_else(|| endpoint.scope.get_or_init(listed).clone()))
        }
        (Reporter::Source, None) => Some(outbound(shared, state, cluster, None, upstream)),
        (Reporter::Destination, _) => {
            let mut kept = connection.scope.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((of, scope)) = &*kept
                && of.as_ref() == metadata
            {
                return Some(scope.clone());
            }
            let source = source(&connection.down, metadata);
            let scope = inbound(shared, state, cluster, &source, &connection.down);
            *kept = Some((metadata.cloned(), scope.clone()));
            Some(scope)
        }
    }
}

/// For a request that was answered by whom `said` describes: one of those behind `endpoint`.
fn told(
    shared: &Shared,
    state: &State,
    cluster: Option<&Cluster>,
    endpoint: &Endpoint,
    upstream: Option<&PeerIdentity>,
    said: &HeaderValue,
) -> Option<Arc<Scope>> {
    if let Some(kept) = &*endpoint.told.load()
        && kept.0 == *said
    {
        return Some(kept.1.clone());
    }
    let scope = towards(shared, state, cluster, peer::party(said)?, upstream);
    let kept = (said.clone(), scope.clone());
    endpoint.told.store(Some(Arc::new(kept)));
    Some(scope)
}

/// For a TCP connection to `endpoint`.
pub(crate) fn tcp(
    shared: &Shared,
    cluster: &Cluster,
    endpoint: &Endpoint,
    down: &Downstream,
    upstream: Option<&PeerIdentity>,
    peer: Option<&Party>,
    entry: &Entry,
) -> Option<TcpSeries> {
    let state = shared.state();
    let state = state.as_ref().filter(|state| counts(state))?;
    let scope = match entry.reporter {
        Reporter::Source => match peer {
            Some(peer) => towards(shared, state, Some(cluster), peer.clone(), upstream),
            None => {
                let scope = || outbound(shared, state, Some(cluster), Some(endpoint), upstream);
                endpoint.scope.get_or_init(scope).clone()
            }
        },
        Reporter::Destination => {
            let source = known(down, peer.cloned().unwrap_or_default());
            inbound(shared, state, Some(cluster), &source, down)
        }
    };
    series(state, &scope, Flag::None, entry)
}

/// Labels that are not Istio's own are told once, from what is known of the connection when it begins.
fn series(state: &State, scope: &Scope, flag: Flag, entry: &Entry) -> Option<TcpSeries> {
    match state.edits.as_ref().filter(|edits| edits.changes(entry.reporter)) {
        Some(edits) => Some(scope.tcp_edited(edits, flag, Facts::of(entry, &state.node))),
        None => scope.tcp(flag),
    }
}

/// For a TCP connection that reached nobody.
pub(crate) fn tcp_refused(
    shared: &Shared,
    cluster: &Cluster,
    down: &Downstream,
    flag: Flag,
    entry: &Entry,
) -> Option<TcpSeries> {
    let state = shared.state();
    let state = state.as_ref().filter(|state| counts(state))?;
    let scope = match entry.reporter {
        Reporter::Source => outbound(shared, state, Some(cluster), None, None),
        Reporter::Destination => inbound(shared, state, Some(cluster), &source(down, None), down),
    };
    series(state, &scope, flag, entry)
}

fn counts(state: &State) -> bool {
    state
        .snapshot
        .telemetry
        .as_ref()
        .is_some_and(|telemetry| telemetry.metrics)
}

fn outbound(
    shared: &Shared,
    state: &State,
    cluster: Option<&Cluster>,
    endpoint: Option<&Endpoint>,
    upstream: Option<&PeerIdentity>,
) -> Arc<Scope> {
    let workload = endpoint.and_then(|endpoint| endpoint.wire.workload.as_ref());
    let other = workload.map(Party::listed).unwrap_or_default();
    towards(shared, state, cluster, other, upstream)
}

/// For what goes to `other`, who showed `upstream`.
fn towards(
    shared: &Shared,
    state: &State,
    cluster: Option<&Cluster>,
    mut other: Party,
    upstream: Option<&PeerIdentity>,
) -> Arc<Scope> {
    let own = Party::own(&state.node, &state.identity.spiffe);
    if let Some(peer) = upstream {
        other.principal = peer.spiffe.to_string();
    }
    let service = cluster.and_then(|cluster| cluster.wire.service.as_ref());
    let common = Common::new(Reporter::Source, &own, &other, service, upstream.is_some());
    shared.telemetry().metrics.scope(common)
}

fn inbound(
    shared: &Shared,
    state: &State,
    cluster: Option<&Cluster>,
    source: &Party,
    down: &Downstream,
) -> Arc<Scope> {
    let own = Party::own(&state.node, &state.identity.spiffe);
    let service = cluster.and_then(|cluster| cluster.wire.service.as_ref());
    let common = Common::new(Reporter::Destination, source, &own, service, down.peer.is_some());
    shared.telemetry().metrics.scope(common)
}

/// The client: what it says of itself, but its principal from its certificate.
fn source(down: &Downstream, metadata: Option<&HeaderValue>) -> Party {
    known(down, metadata.and_then(peer::party).unwrap_or_default())
}

fn known(down: &Downstream, mut source: Party) -> Party {
    if let Some(peer) = &down.peer {
        source.principal = peer.spiffe.to_string();
        if source.namespace.is_empty() {
            source.namespace = peer.namespace().unwrap_or_default().to_owned();
        }
    }
    source
}
