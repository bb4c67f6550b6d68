//! What all connections of a proxy have in common.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use mesh_wire::Snapshot;
use serde::Serialize;

use crate::body::Bodies;
use crate::destination::Destinations;
use crate::lookup::Lookup;
use crate::state::State;
use crate::telemetry::{LogSink, Telemetry};
use crate::tls::{Credentials, Identity};
use crate::workers::Workers;

/// What a proxy acts on, and what it knows of itself. Everything in it is replaced while connections go on.
#[derive(Debug)]
pub struct Shared {
    state: ArcSwapOption<State>,
    credentials: ArcSwapOption<Credentials>,
    pub(crate) destinations: Destinations,
    telemetry: Telemetry,
    workers: OnceLock<Workers>,
    /// What is held of bodies.
    pub(crate) bodies: Arc<Bodies>,
    lookup: Arc<Lookup>,
    /// Held by whoever replaces something.
    replacing: Mutex<()>,
}

/// A snapshot was not taken; the one before stays in force.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot is refused: {0}")]
pub struct Refused(String);

impl Shared {
    /// A proxy that knows nothing yet: without a snapshot every connection is closed, without an identity no
    /// mutual TLS is made.
    pub fn new(destinations: Destinations, log: LogSink) -> Arc<Self> {
        Arc::new(Self {
            state: ArcSwapOption::empty(),
            credentials: ArcSwapOption::empty(),
            destinations,
            telemetry: Telemetry::new(log),
            workers: OnceLock::new(),
            bodies: Arc::default(),
            lookup: Arc::default(),
            replacing: Mutex::default(),
        })
    }

    /// Has `workers` serve the connections that come from now on. Without any the runtime serves them that accepts them.
    /// Those that were given first stay.
    pub fn spread(&self, workers: Workers) {
        // The later ones end with nothing to do.
        let _later = self.workers.set(workers);
    }

    /// How many mirrored requests were ended because the mirror took or answered them too slowly.
    pub fn mirrors_given_up(&self) -> u64 {
        self.bodies.given_up()
    }

    pub(crate) fn workers(&self) -> Option<&Workers> {
        self.workers.get()
    }

    /// Puts `snapshot` in force, whole, for new connections and for new requests on those that stand.
    ///
    /// # Errors
    /// Where it contradicts itself or cannot be compiled: then nothing changes.
    pub fn apply(&self, snapshot: Snapshot) -> Result<(), Refused> {
        self.replace(|_| Some(snapshot), false)
    }

    /// Reads again the files that the snapshot in force names ([`files`](crate::files)), for connections that are opened from
    /// now on. Where one cannot be used, what it said before goes on.
    ///
    /// # Errors
    /// Where the rest cannot be compiled any more: then nothing changes.
    pub fn reread(&self) -> Result<(), Refused> {
        self.replace(|before| before.map(|before| (*before.snapshot).clone()), true)
    }

    fn replace(
        &self,
        next: impl FnOnce(Option<&State>) -> Option<Snapshot>,
        reread: bool,
    ) -> Result<(), Refused> {
        let _alone = self.replacing();
        let before = self.state.load_full();
        let Some(snapshot) = next(before.as_deref()) else {
            return Ok(());
        };
        let decisions = &self.telemetry.decisions;
        let state = State::compile(snapshot, before.as_deref(), reread, decisions)
            .map_err(|error| Refused(error.to_string()))?;
        if let Some(identity) = self.identity()
            && before.as_deref().map(State::trust_domains) != Some(state.trust_domains())
        {
            self.show(identity, &state.trust_domains())?;
        }
        for cluster in state.clusters.values() {
            cluster.start(&self.lookup);
        }
        self.state.store(Some(Arc::new(state)));
        Ok(())
    }

    /// How endpoints with names are found.
    pub fn lookup(&self) -> &Arc<Lookup> {
        &self.lookup
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.state.load().as_ref().map(|state| state.snapshot.clone())
    }

    /// Shows `identity` to others from now on. Connections that stand keep the one that they began with.
    ///
    /// # Errors
    /// Where TLS cannot be made with it: then nothing changes.
    pub fn set_identity(&self, identity: Identity) -> Result<(), Refused> {
        let _alone = self.replacing();
        let state = self.state.load_full();
        let domains = state.as_deref().map(State::trust_domains).unwrap_or_default();
        self.show(Arc::new(identity), &domains)
    }

    /// The identity that is shown.
    pub fn identity(&self) -> Option<Arc<Identity>> {
        self.credentials
            .load()
            .as_ref()
            .map(|credentials| credentials.identity.clone())
    }

    /// Metrics and log.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// What an operator asks first: who listens, and how the endpoints are.
    pub fn report(&self) -> Report {
        self.state.load().as_deref().map(Report::of).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> Guard<Option<Arc<State>>> {
        self.state.load()
    }

    pub(crate) fn credentials(&self) -> Guard<Option<Arc<Credentials>>> {
        self.credentials.load()
    }

    fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, identity: Arc<Identity>, domains: &[String]) -> Result<(), Refused> {
        let credentials = Credentials::new(identity, domains).map_err(|error| Refused(error.to_string()))?;
        self.credentials.store(Some(Arc::new(credentials)));
        Ok(())
    }
}

/// Listeners and clusters at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Names of listeners for connections from outside.
    pub inbound: Vec<String>,
    /// Names of listeners for connections of applications.
    pub outbound: Vec<String>,
    /// Clusters by name.
    pub clusters: Vec<ClusterReport>,
}

/// A cluster at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterReport {
    /// Name.
    pub name: String,
    /// TCP connections that count against its limit.
    pub connections: u32,
    /// Requests under way.
    pub requests: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
    /// Its endpoints.
    pub endpoints: Vec<EndpointReport>,
}

/// An endpoint at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointReport {
    /// `ADDRESS:PORT`.
    pub address: String,
    /// The address, or the name that is looked up.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `0` first.
    pub priority: u32,
    /// Share.
    pub weight: u32,
    /// Requests and connections under way.
    pub active: u32,
    /// It is left out for a while.
    pub ejected: bool,
    /// It is reached by mutual TLS.
    pub mtls: bool,
    /// Region, zone, sub-zone.
    pub locality: [String; 3],
}

impl Report {
    fn of(state: &State) -> Self {
        let clusters = state.clusters.values().map(|cluster| ClusterReport {
            name: cluster.name.to_string(),
            connections: cluster.usage.connections.get(),
            requests: cluster.usage.requests.get(),
            pending: cluster.usage.pending.get(),
            endpoints: cluster
                .endpoints()
                .iter()
                .map(|endpoint| EndpointReport::of(endpoint))
                .collect(),
        });
        Self {
            inbound: state
                .snapshot
                .inbound
                .iter()
                .map(|listener| listener.name.clone())
                .collect(),
            outbound: state
                .snapshot
                .outbound
                .iter()
                .map(|listener| listener.name.clone())
                .collect(),
            clusters: clusters.collect(),
        }
    }
}

impl EndpointReport {
    fn of(endpoint: &crate::cluster::Endpoint) -> Self {
        let place = &endpoint.locality;
        Self {
            address: endpoint.text.to_string(),
            host: endpoint.wire.address.clone(),
            port: endpoint.wire.port,
            priority: endpoint.priority,
            weight: endpoint.wire.weight,
            active: endpoint.active(),
            ejected: endpoint.health.is_ejected(),
            mtls: endpoint.wire.mtls,
            locality: [place.region.clone(), place.zone.clone(), place.subzone.clone()],
        }
    }
}
