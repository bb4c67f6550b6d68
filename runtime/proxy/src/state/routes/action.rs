use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use mesh_wire::route as wire;

use super::{Edits, Rewrite};
use crate::cluster::Cluster;
use crate::state::{Clusters, CompileError, cluster};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Action {
    Forward(Forward),
    Redirect(Redirect),
    Respond(Respond),
}

impl Action {
    /// Where it leads, drawn by weight, where it leads anywhere.
    pub(crate) fn share(&self) -> Option<&Share> {
        match self {
            Self::Forward(forward) => forward.draw(),
            Self::Redirect(_) | Self::Respond(_) => None,
        }
    }
}

/// Forwarding to one of several clusters.
#[derive(Debug)]
pub(crate) struct Forward {
    shares: Vec<Share>,
    total: u64,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) path_rewrite: Option<Rewrite>,
    pub(crate) host_rewrite: Option<HeaderValue>,
    pub(crate) hash: Vec<wire::HashPolicy>,
    pub(crate) mirrors: Vec<Mirror>,
}

/// Where copies of some requests go.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) cluster: Arc<Cluster>,
    share: wire::PerMillion,
}

impl Mirror {
    /// The next request is one of its share.
    pub(crate) fn is_drawn(&self) -> bool {
        fastrand::u32(..1_000_000) < self.share.0
    }
}

/// A cluster and what is done for it.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) cluster: Arc<Cluster>,
    weight: u32,
    pub(crate) request: Edits,
    pub(crate) response: Edits,
}

/// When to try again.
#[derive(Clone, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) on: RetryOn,
    pub(crate) attempts: u32,
    pub(crate) per_try: Option<Duration>,
    pub(crate) status_codes: Vec<u16>,
    pub(crate) other_endpoint: bool,
    /// Priorities that were tried are avoided.
    pub(crate) other_locality: bool,
    /// Before the second try; `None` is Envoy's.
    pub(crate) back_off: Option<Duration>,
}

/// Envoy's conditions (`router.v3`, `x-envoy-retry-on` and `x-envoy-retry-grpc-on`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryOn {
    pub(crate) server_error: bool,
    pub(crate) gateway_error: bool,
    pub(crate) reset: bool,
    pub(crate) reset_before_request: bool,
    pub(crate) connect_failure: bool,
    pub(crate) refused_stream: bool,
    pub(crate) retriable_4xx: bool,
    pub(crate) rate_limited: bool,
    pub(crate) status_codes: bool,
    /// `grpc-status` values.
    pub(crate) grpc: Vec<u8>,
}

impl RetryOn {
    /// Out of Envoy's words; one that it does not know, it ignores, and so do we.
    pub(crate) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> (Self, Vec<u16>, Vec<&'a str>) {
        let (mut on, mut codes, mut unknown) = (Self::default(), Vec::new(), Vec::new());
        for word in words
            .into_iter()
            .flat_map(|word| word.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word {
                "5xx" => on.server_error = true,
                "gateway-error" => on.gateway_error = true,
                "reset" => on.reset = true,
                "reset-before-request" => on.reset_before_request = true,
                "connect-failure" => on.connect_failure = true,
                "refused-stream" => on.refused_stream = true,
                "retriable-4xx" => on.retriable_4xx = true,
                "envoy-ratelimited" => on.rate_limited = true,
                // Of headers that policies of Istio's have no place to name.
                "retriable-headers" => {}
                "retriable-status-codes" => on.status_codes = true,
                "cancelled" => on.grpc.push(1),
                "deadline-exceeded" => on.grpc.push(4),
                "resource-exhausted" => on.grpc.push(8),
                "internal" => on.grpc.push(13),
                "unavailable" => on.grpc.push(14),
                // Istio takes plain numbers among the words.
                other => match other.parse() {
                    Ok(code) => {
                        on.status_codes = true;
                        codes.push(code);
                    }
                    Err(_) => unknown.push(other),
                },
            }
        }
        (on, codes, unknown)
    }
}

/// Answering with a redirection.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) status: StatusCode,
    pub(crate) wire: wire::Redirect,
    pub(crate) path: Option<Rewrite>,
}

/// Answering at once.
#[derive(Debug)]
pub(crate) struct Respond {
    pub(crate) status: StatusCode,
    pub(crate) body: bytes::Bytes,
}

impl Action {
    pub(super) fn compile(
        place: &str,
        wire: &wire::RouteAction,
        matched: &wire::PathMatch,
        clusters: &Clusters,
    ) -> Result<Self, CompileError> {
        let status = |code: u16| {
            let what = format!("{code} is no HTTP status");
            StatusCode::from_u16(code).map_err(|_| CompileError::Value {
                place: place.to_owned(),
                what,
            })
        };
        let rewrite = |wire: &Option<wire::PathRewrite>| {
            wire.as_ref()
                .map(|wire| Rewrite::compile(place, wire, matched))
                .transpose()
        };
        Ok(match wire {
            wire::RouteAction::Forward(forward) => {
                let rewrite = rewrite(&forward.path_rewrite)?;
                Self::Forward(Forward::compile(place, forward, rewrite, clusters)?)
            }
            wire::RouteAction::Redirect(redirect) => Self::Redirect(Redirect {
                status: status(redirect.status)?,
                wire: redirect.clone(),
                path: rewrite(&redirect.path)?,
            }),
            wire::RouteAction::Respond(respond) => Self::Respond(Respond {
                status: status(respond.status)?,
                body: respond.body.clone().into(),
            }),
        })
    }
}

impl Forward {
    fn compile(
        place: &str,
        wire: &wire::Forward,
        path_rewrite: Option<Rewrite>,
        clusters: &Clusters,
    ) -> Result<Self, CompileError> {
        let share = |share: &wire::WeightedCluster| {
            Ok(Share {
                cluster: cluster(clusters, &share.cluster)?,
                weight: share.weight,
                request: Edits::compile(place, &share.request_headers)?,
                response: Edits::compile(place, &share.response_headers)?,
            })
        };
        let shares = wire
            .clusters
            .iter()
            .map(share)
            .collect::<Result<Vec<_>, CompileError>>()?;
        let mirror = |mirror: &wire::Mirror| {
            let cluster = cluster(clusters, &mirror.cluster)?;
            let share = mirror.share;
            Ok::<_, CompileError>(Mirror { cluster, share })
        };
        let host_rewrite = wire.host_rewrite.as_ref().map(|host| {
            let bad = |_| CompileError::Header {
                place: place.to_owned(),
                value: host.clone(),
            };
            HeaderValue::try_from(host).map_err(bad)
        });
        Ok(Self {
            total: shares.iter().map(|share| u64::from(share.weight)).sum(),
            shares,
            timeout: (wire.timeout.0 > 0).then(|| wire.timeout.to_duration()),
            retry: wire.retry.as_ref().map(RetryPolicy::compile),
            path_rewrite,
            host_rewrite: host_rewrite.transpose()?,
            hash: wire.hash.clone(),
            mirrors: wire.mirrors.iter().map(mirror).collect::<Result<_, _>>()?,
        })
    }

    /// Everything to one cluster, as inbound listeners without routes have it.
    pub(crate) fn to(cluster: Arc<Cluster>) -> Self {
        // Istio's inbound routes: nothing that may have reached the application is tried twice.
        let on = RetryOn {
            reset_before_request: true,
            connect_failure: false,
            ..RetryOn::default()
        };
        let retry = RetryPolicy {
            on,
            attempts: 2,
            per_try: None,
            status_codes: Vec::new(),
            other_endpoint: false,
            other_locality: false,
            back_off: None,
        };
        let share = Share {
            cluster,
            weight: 1,
            request: Edits::default(),
            response: Edits::default(),
        };
        Self {
            shares: vec![share],
            total: 1,
            timeout: None,
            retry: Some(retry),
            path_rewrite: None,
            host_rewrite: None,
            hash: Vec::new(),
            mirrors: Vec::new(),
        }
    }

    /// One of the clusters, drawn by weight.
    pub(crate) fn draw(&self) -> Option<&Share> {
        if let [only] = &self.shares[..] {
            return Some(only);
        }
        if self.total == 0 {
            return self.shares.first();
        }
        let mut at = fastrand::u64(..self.total);
        self.shares.iter().find(|share| {
            let weight = u64::from(share.weight);
            let here = at < weight;
            at = at.saturating_sub(weight);
            here
        })
    }
}

impl RetryPolicy {
    fn compile(wire: &wire::Retry) -> Self {
        let (on, mut status_codes, _) = RetryOn::parse(wire.on.iter().map(String::as_str));
        status_codes.extend(&wire.status_codes);
        Self {
            on,
            attempts: wire.attempts,
            per_try: (wire.per_try_timeout.0 > 0).then(|| wire.per_try_timeout.to_duration()),
            status_codes,
            other_endpoint: wire.other_endpoint,
            other_locality: wire.other_locality,
            back_off: (!wire.back_off.is_zero()).then(|| wire.back_off.to_duration()),
        }
    }
}
