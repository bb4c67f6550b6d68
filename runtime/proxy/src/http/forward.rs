//! Tries: a request goes to endpoints until one answers, or nothing more may be tried.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use mesh_http2::{RequestHead, Response};
use mesh_wire::cluster::HttpVersion;
use tokio::sync::Notify;

use super::failure::Failure;
use super::finish::Held;
use super::headers::{self, ATTEMPTS};
use super::mirror::Mirrored;
use super::reply::Deadline;
use super::target::Target;
use crate::body::Replay;
use crate::cluster::{AnswerBody, Caller, Cluster, Endpoint, Hint, Lease, Outcome, Permit, Unsent, lease};
use crate::interim::Teller;
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::routes::RetryPolicy;
use crate::state::routes::without_port;

/// Envoy's first interval between tries.
const BACK_OFF: Duration = Duration::from_millis(25);
/// Its limit, in first intervals.
const LONGEST_BACK_OFF: u32 = 10;
/// The request cannot be sent, or not any more.
const UNSENT: Failure = Failure::Reset {
    refused: false,
    unsent: false,
    stream: false,
};

const RATE_LIMITED: HeaderName = HeaderName::from_static("x-envoy-ratelimited");

/// The endpoint that is being tried.
pub(super) type Trying = Mutex<Option<Arc<Endpoint>>>;

/// A request that is ready to be sent.
pub(super) struct Sending<'a> {
    pub(super) shared: &'a Shared,
    pub(super) down: &'a Downstream,
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) retry: Option<&'a RetryPolicy>,
    pub(super) hash: Option<u64>,
    pub(super) target: &'a Target,
    /// For the client's connection at first, and for the endpoint's from then on.
    pub(super) parts: &'a mut RequestHead,
    pub(super) replay: &'a Replay,
    /// What the connection is to become.
    pub(super) upgrade: Option<&'a HeaderValue>,
    /// Says how many tries there were, to the server.
    pub(super) count_attempts: bool,
    /// The endpoint that is being tried.
    pub(super) trying: &'a Trying,
    /// Where what an endpoint says before its answer goes.
    pub(super) teller: &'a Teller,
    /// What goes elsewhere too as soon as there is an endpoint to try.
    pub(super) mirrored: Vec<Mirrored>,
}

/// What became of the tries.
pub(super) struct Tried {
    pub(super) outcome: Result<Answer, Failure>,
    /// The last one that was tried.
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) took: Duration,
    /// How many tries there were.
    pub(super) attempts: u32,
    /// It would have been tried again, had the route not said that it was enough.
    pub(super) exhausted: bool,
    /// It would have been tried again, had the cluster not had too many tries under way.
    pub(super) overflows: bool,
}

impl Tried {
    fn new(
        outcome: Result<Answer, Failure>,
        endpoint: Option<Arc<Endpoint>>,
        took: Duration,
        attempts: u32,
    ) -> Self {
        Self {
            outcome,
            endpoint,
            took,
            attempts,
            exhausted: false,
            overflows: false,
        }
    }
}

/// An answer that has begun.
pub(super) struct Answer {
    pub(super) response: Response<AnswerBody>,
    pub(super) lease: Lease,
    pub(super) held: Held,
}

impl Sending<'_> {
    /// As [`Self::run`], until the deadline of a request that came at `since`.
    pub(super) async fn within(self, deadline: Option<&mut Deadline>, since: Instant) -> Tried {
        let Some(deadline) = deadline else {
            return self.run().await;
        };
        let (trying, cluster) = (self.trying, self.cluster);
        tokio::select! {
            tried = Box::pin(self.run()) => tried,
            () = deadline => overdue(trying, cluster, since.elapsed()),
        }
    }

    /// Sends the request, again where the route says so.
    pub(super) async fn run(mut self) -> Tried {
        let mut tried: Vec<Arc<Endpoint>> = Vec::new();
        let Some(http2) = self.address() else {
            return Tried::new(Err(UNSENT), None, Duration::ZERO, 1);
        };
        self.cluster.ready().await;
        let (mut attempt, mut took) = (1, Duration::ZERO);
        // Counts as a retry under way from the second try on.
        let mut retrying = None;
        loop {
            let avoid = if self.retry.is_some_and(|retry| retry.other_endpoint) {
                &tried[..]
            } else {
                &[]
            };
            let host = self.cluster.asks_for_hosts();
            let host = host.then(|| without_port(self.target.authority()));
            let hint = Hint {
                hash: self.hash,
                host,
                tried: avoid,
                left: self.left(&tried),
            };
            let Some(endpoint) = self.cluster.pick(self.down.destination, &hint) else {
                return Tried::new(Err(Failure::NoEndpoint), None, took, attempt);
            };
            *self.trying.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint.clone());
            self.mirrored.drain(..).for_each(Mirrored::start);
            let begin = Instant::now();
            self.number(attempt);
            let outcome = self.bounded(&endpoint, http2).await;
            took = begin.elapsed();
            self.note(&endpoint, &outcome);
            // A client that was told what the first endpoint said gets the answer of that.
            let retry = self.retry.filter(|_| !self.teller.has_told());
            let retriable = retry.filter(|retry| is_retriable(retry, &outcome));
            let exhausted = retriable.is_some_and(|retry| attempt > retry.attempts);
            drop(retrying.take());
            if retriable.is_none() || exhausted {
                return Tried {
                    exhausted,
                    ..Tried::new(outcome, Some(endpoint), took, attempt)
                };
            }
            retrying = self.cluster.retry();
            if retrying.is_none() || !self.replay.is_whole() {
                return Tried {
                    overflows: retrying.is_none(),
                    ..Tried::new(outcome, Some(endpoint), took, attempt)
                };
            }
            drop(outcome);
            tried.push(endpoint);
            Box::pin(back_off(self.retry.and_then(|retry| retry.back_off), attempt)).await;
            attempt += 1;
        }
    }

    /// Those whose priority is left now: Istio lets each have two tries (`previous_priorities`, `update_frequency`).
    fn left<'t>(&self, tried: &'t [Arc<Endpoint>]) -> &'t [Arc<Endpoint>] {
        let leaves = self.retry.is_some_and(|retry| retry.other_locality);
        if leaves {
            &tried[..tried.len() / 2 * 2]
        } else {
            &[]
        }
    }

    async fn bounded(&self, endpoint: &Arc<Endpoint>, http2: bool) -> Result<Answer, Failure> {
        let connected = Notify::const_new();
        let Some(bound) = self.retry.and_then(|retry| retry.per_try) else {
            return self.attempt(endpoint, http2, &connected).await;
        };
        // As on Envoy, no try is at fault for what the client, or the way to the endpoint, takes.
        let overdue = async {
            connected.notified().await;
            self.replay.whole().await;
            tokio::time::sleep(bound).await;
        };
        tokio::select! {
            outcome = Box::pin(self.attempt(endpoint, http2, &connected)) => outcome,
            () = overdue => Err(Failure::TryTimeout),
        }
    }

    async fn attempt(
        &self,
        endpoint: &Arc<Endpoint>,
        http2: bool,
        connected: &Notify,
    ) -> Result<Answer, Failure> {
        let limits = &self.cluster.wire.limits;
        self.cluster.usage.recent.count(limits.retry_budget.as_ref());
        let request = Permit::take(&self.cluster.usage, |usage| &usage.requests, limits.requests);
        let held = Held {
            _request: request.ok_or(Failure::Overflow)?,
            _active: endpoint.begin(),
        };
        let mut fresh = false;
        loop {
            let credentials = self.shared.credentials().clone();
            let caller = Caller {
                credentials: credentials.as_deref(),
                address: self.down.seen_as,
            };
            let mut lease = lease(self.cluster, endpoint, http2, fresh, caller).await?;
            connected.notify_one();
            let body = self.replay.body().ok_or(UNSENT)?;
            match lease.send(self.parts, body, self.teller).await {
                Ok(response) => {
                    return Ok(Answer {
                        response,
                        lease,
                        held,
                    });
                }
                // A kept connection that was closed meanwhile: nothing was sent, so this was no try.
                Err(Unsent { nothing: true, .. }) if lease.reused && !fresh => fresh = true,
                Err(_) if self.replay.is_malformed() => return Err(Failure::Malformed),
                Err(Unsent { error, nothing }) => {
                    tracing::debug!(cluster = &*self.cluster.name, endpoint = &*endpoint.text, %error, "a try failed");
                    return Err(Failure::reset(&error, nothing));
                }
            }
        }
    }

    /// Makes the head that of a request for the endpoint, and says whether that is by HTTP/2; `None` where it cannot be one.
    fn address(&mut self) -> Option<bool> {
        let http2 = self.upgrade.is_none()
            && match self.cluster.wire.http {
                HttpVersion::Http1 => false,
                HttpVersion::Http2 => true,
                HttpVersion::AsClient => self.parts.version == http::Version::HTTP_2,
            };
        self.target.put(http2, self.parts)?;
        if let Some(upgrade) = self.upgrade {
            let headers = &mut self.parts.headers;
            headers.insert(http::header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(http::header::UPGRADE, upgrade.clone());
        }
        Some(http2)
    }

    fn number(&mut self, attempt: u32) {
        if self.count_attempts {
            self.parts
                .headers
                .insert(ATTEMPTS, headers::number(attempt.into()));
        }
    }

    fn note(&self, endpoint: &Endpoint, outcome: &Result<Answer, Failure>) {
        let outcome = match outcome {
            Ok(answer) => Outcome::of(
                answer.response.head.status.as_u16(),
                self.cluster.wire.outliers.as_ref(),
            ),
            Err(Failure::Connect(error)) => {
                tracing::info!(
                    cluster = &*self.cluster.name,
                    endpoint = &*endpoint.text,
                    error,
                    "an endpoint cannot be reached"
                );
                Outcome::Local
            }
            Err(Failure::Reset { .. } | Failure::Protocol | Failure::TryTimeout) => Outcome::Local,
            Err(Failure::NoEndpoint | Failure::Overflow | Failure::Malformed | Failure::Timeout) => return,
        };
        endpoint.note(outcome, self.cluster);
    }
}

/// What became of it where the route's timeout came first, `took` after the request did: the endpoint that was being
/// tried gave no answer, and one that never does must not be asked for ever.
fn overdue(trying: &Trying, cluster: &Cluster, took: Duration) -> Tried {
    let endpoint = trying.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(endpoint) = &endpoint {
        endpoint.note(Outcome::Local, cluster);
    }
    Tried::new(Err(Failure::Timeout), endpoint, took, 1)
}

/// Whether Envoy would try again.
fn is_retriable(retry: &RetryPolicy, outcome: &Result<Answer, Failure>) -> bool {
    let on = &retry.on;
    let response = match outcome {
        Err(failure) => return failure.is_retriable(on),
        Ok(answer) => &answer.response,
    };
    // Who has enough is not asked again for any other reason.
    if response.head.headers.contains_key(RATE_LIMITED) {
        return on.rate_limited;
    }
    let status = response.head.status.as_u16();
    // Trailers-only answers of gRPC have their status among the headers.
    let grpc = || {
        response
            .head
            .headers
            .get(headers::GRPC_STATUS)?
            .to_str()
            .ok()?
            .parse::<u8>()
            .ok()
    };
    on.server_error && (500..600).contains(&status)
        || on.gateway_error && (502..=504).contains(&status)
        || on.retriable_4xx && status == 409
        || on.status_codes && retry.status_codes.contains(&status)
        || !on.grpc.is_empty() && grpc().is_some_and(|status| on.grpc.contains(&status))
}

/// Longer each time, and never the same, so that clients do not come back all at once.
async fn back_off(first: Option<Duration>, attempt: u32) {
    let first = first.unwrap_or(BACK_OFF);
    let longest = first.saturating_mul((1 << attempt.min(5)).min(LONGEST_BACK_OFF));
    let span = fastrand::u64(..=u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
    tokio::time::sleep(Duration::from_millis(span)).await;
}
