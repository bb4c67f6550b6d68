//! Bytes, from one end to the other.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mesh_wire::Millis;
use time::OffsetDateTime;

use crate::cluster::{Caller, Cluster, Dialed, Endpoint, Hint, Outcome, Permit, dial, xxhash};
use crate::drain::Drain;
use crate::http::scope;
use crate::net::{Counters, Stream, carry};
use crate::peer::Downstream;
use crate::seldom::Seldom;
use crate::shared::Shared;
use crate::state::Shares;
use crate::telemetry::{Entry, Flag, Reporter};
use crate::tls::Purpose;

/// Envoy's `idle_timeout` of TCP proxies.
const IDLE: Duration = Duration::from_secs(3600);
/// Envoy's `max_connect_attempts` is one; Istio leaves it so. Another endpoint is still better than none.
const ATTEMPTS: usize = 3;

/// Carries a connection to one of `shares`.
pub(crate) async fn forward(
    shared: &Arc<Shared>,
    stream: Stream,
    down: Downstream,
    shares: &Shares,
    reporter: Reporter,
    drain: Drain,
) {
    let Some(cluster) = shares.draw().cloned() else {
        return;
    };
    to_cluster(shared, stream, down, cluster, reporter, drain).await;
}

/// Carries a connection to `cluster`.
pub(crate) async fn to_cluster(
    shared: &Arc<Shared>,
    stream: Stream,
    down: Downstream,
    cluster: Arc<Cluster>,
    reporter: Reporter,
    mut drain: Drain,
) {
    let limit = cluster.wire.limits.connections;
    let Some(_permit) = Permit::take(&cluster.usage, |usage| &usage.connections, limit) else {
        return refused(
            shared,
            &down,
            reporter,
            &cluster,
            Flag::Overflow,
            "upstream_overflow".to_owned(),
        );
    };
    let begun = Begun::now();
    let stream = match introduced(shared, stream).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(remote = %down.remote, %error, "a connection ended early"),
    };
    let (endpoint, dialed) = match open(shared, &cluster, &down).await {
        Ok(opened) => opened,
        Err((flag, why)) => return refused(shared, &down, reporter, &cluster, flag, why),
    };
    let _active = endpoint.begin();
    let (local, peer) = (dialed.local, dialed.peer.clone());
    let mut entry = begun.entry(&down, &cluster, reporter);
    entry.upstream_host = Some(dialed.remote.to_string().into());
    entry.upstream_local = local;
    let introduction = stream.introduction().or_else(|| dialed.stream.introduction());
    let first = preface(shared, &dialed.stream);
    let (mut client, mut server, counters) = (stream, dialed.stream, Counters::default());
    let bounds = cluster.wire.limits.of_bytes();
    let idle = bounds.idle_timeout.map_or(IDLE, Millis::to_duration);
    let mut carrying = pin!(async {
        let over = pin!(async {
            tokio::select! {
                () = idleness(&counters, idle) => {}
                () = aged(bounds.connection_age) => {}
                () = drain.closed() => {}
            }
        });
        tokio::select! {
            biased;
            () = Seldom::new(over) => Ok(()),
            ended = carry(&mut client, &mut server, first, &counters) => ended,
        }
    });
    let mut ended = None;
    // A connection is counted when its peer has said who it is, or when it ends, as Envoy does.
    if let Some(introduction) = &introduction {
        tokio::select! {
            () = introduction.told() => {}
            early = &mut carrying => ended = Some(early),
        }
    }
    let party = introduction
        .as_ref()
        .and_then(|introduction| introduction.party());
    let series = scope::tcp(shared, &cluster, &endpoint, &down, peer.as_deref(), party, &entry);
    if let Some(series) = &series {
        series.opened.inc();
    }
    let ended = match ended {
        Some(ended) => ended,
        None => carrying.await,
    };
    if let Some(series) = &series {
        series.closed.inc();
        series.received.inc_by(counters.read());
        series.sent.inc_by(counters.written());
    }
    if let Err(error) = &ended {
        tracing::debug!(cluster = &*cluster.name, %error, "a connection ended early");
    }
    entry.duration = begun.since.elapsed();
    entry.received = counters.read();
    entry.sent = counters.written();
    write(shared, &entry);
}

/// Says to the other end who this proxy is, where that was settled on.
async fn introduced(shared: &Shared, stream: Stream) -> std::io::Result<Stream> {
    let state = shared.state().clone();
    let own = state.as_ref().map_or(&[][..], |state| &state.metadata.preface);
    stream.introduce(own).await
}

/// What the other end of `stream` is to read before all else, with the client's first bytes if they are there: it reads all
/// of it at once. A copy, since a connection outlives the snapshot that it began with.
fn preface(shared: &Shared, stream: &Stream) -> Bytes {
    let state = shared.state();
    state
        .as_ref()
        .filter(|_| stream.introduction().is_some())
        .map_or_else(Bytes::new, |state| {
            Bytes::copy_from_slice(&state.metadata.preface)
        })
}

/// Waits until a connection is as old as it may get; for ever where nothing bounds it.
async fn aged(limit: Option<Millis>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit.to_duration()).await,
        None => std::future::pending().await,
    }
}

/// Waits until nothing has passed for `idle`.
async fn idleness(counters: &Counters, idle: Duration) {
    if idle.is_zero() {
        return std::future::pending().await;
    }
    let mut before = (0, 0);
    loop {
        tokio::time::sleep(idle).await;
        let now = (counters.read(), counters.written());
        if now == before {
            return;
        }
        before = now;
    }
}

/// A connection to one endpoint, another being tried where one cannot be reached.
async fn open(
    shared: &Shared,
    cluster: &Arc<Cluster>,
    down: &Downstream,
) -> Result<(Arc<Endpoint>, Dialed), (Flag, String)> {
    cluster.ready().await;
    let mut tried: Vec<Arc<Endpoint>> = Vec::new();
    let mut failure = (Flag::NoHealthyUpstream, "no healthy upstream".to_owned());
    let hash = cluster
        .wire
        .source_hash
        .then(|| xxhash(down.remote.ip().to_string().as_bytes(), 0));
    while tried.len() < ATTEMPTS {
        let hint = Hint {
            hash,
            tried: &tried,
            ..Hint::default()
        };
        let Some(endpoint) = cluster.pick(down.destination, &hint) else {
            break;
        };
        if tried.iter().any(|tried| Arc::ptr_eq(tried, &endpoint)) {
            break;
        }
        let credentials = shared.credentials().clone();
        let caller = Caller {
            credentials: credentials.as_deref(),
            address: down.seen_as,
        };
        match dial(cluster, &endpoint, Purpose::Tcp, caller).await {
            Ok(mut dialed) => {
                endpoint.note(Outcome::Good, cluster);
                dialed.stream = dialed.stream.introducing();
                return Ok((endpoint, dialed));
            }
            Err(error) => {
                endpoint.note(Outcome::Local, cluster);
                tracing::info!(cluster = &*cluster.name, endpoint = &*endpoint.text, %error, "an endpoint cannot be reached");
                failure = (Flag::UpstreamFailure, error.to_string());
                tried.push(endpoint);
            }
        }
    }
    Err(failure)
}

/// Writes down that a connection was closed before it reached anybody.
pub(crate) fn refused(
    shared: &Shared,
    down: &Downstream,
    reporter: Reporter,
    cluster: &Cluster,
    flag: Flag,
    why: String,
) {
    let mut entry = Begun::now().entry(down, cluster, reporter);
    if let Some(series) = scope::tcp_refused(shared, cluster, down, flag, &entry) {
        series.opened.inc();
        series.closed.inc();
    }
    entry.flag = flag.into();
    match flag {
        Flag::Denied => entry.termination = Some(why),
        Flag::Unauthorized => entry.details = Some(why),
        _ => entry.upstream_failure = Some(why),
    }
    write(shared, &entry);
}

/// Writes `entry` as the snapshot wants it, if it does.
pub(crate) fn write(shared: &Shared, entry: &Entry) {
    let state = shared.state();
    if let Some(log) = state.as_ref().and_then(|state| state.log.as_ref()) {
        log.write(entry, shared.telemetry());
    }
}

/// When something began.
struct Begun {
    at: OffsetDateTime,
    since: Instant,
}

impl Begun {
    fn now() -> Self {
        Self {
            at: OffsetDateTime::now_utc(),
            since: Instant::now(),
        }
    }

    fn entry(&self, down: &Downstream, cluster: &Cluster, reporter: Reporter) -> Entry {
        Entry {
            start: self.at,
            duration: self.since.elapsed(),
            request: None,
            code: 0,
            flag: Flag::None.into(),
            details: None,
            termination: None,
            upstream_failure: None,
            received: 0,
            sent: 0,
            upstream_time: None,
            upstream_host: None,
            upstream_cluster: Some(cluster.name.clone()),
            upstream_local: None,
            downstream_local: down.destination,
            downstream_remote: down.remote,
            sni: down.sni.clone(),
            route: None,
            reporter,
            peer: down.peer.as_ref().map(|peer| peer.spiffe.clone()),
            is_grpc: false,
            grpc: None,
            response_headers: Vec::new(),
            response_trailers: Vec::new(),
            written: down.written.clone(),
        }
    }
}
