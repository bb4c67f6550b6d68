//! Traces: which requests belong to one, what the next hop is told of it, and what collectors are told.

use std::sync::Arc;

use http::header::HeaderName;
use mesh_http2::Fields;
use mesh_wire::Node;
use mesh_wire::cluster::HttpVersion;
use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{Tracing, TracingProvider};
use mesh_wire::telemetry::TraceTag;

mod context;
mod otlp;
mod sampling;
mod zipkin;

pub(crate) use context::Context;

use crate::collectors::{self, Message, Weigh};
use crate::shared::Shared;
use crate::telemetry::Reporter;

/// What the snapshot says of traces, compiled.
#[derive(Debug)]
pub(crate) struct Tracer {
    pub(crate) cluster: String,
    pub(crate) provider: TracingProvider,
    sampling: PerMillion,
    pub(crate) service: Arc<Service>,
    tags: Vec<(String, Tag)>,
}

/// Who makes the spans.
#[derive(Debug)]
pub(crate) struct Service {
    /// `APP.NAMESPACE`, as Istio names services in traces.
    name: String,
    address: Option<std::net::IpAddr>,
    /// On every span.
    tags: Vec<(&'static str, String)>,
}

/// The value of a tag.
#[derive(Debug)]
enum Tag {
    Always(String),
    Header(HeaderName, Option<String>),
}

/// A request's part of a trace, until it ends.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) context: Context,
    /// Those that the snapshot gives.
    pub(crate) tags: Vec<(String, String)>,
}

/// A part of a trace that has ended.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) context: Context,
    pub(crate) side: Reporter,
    /// What was asked for: `HOST:PORT/*`.
    pub(crate) name: String,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    /// Nanoseconds.
    pub(crate) duration: u64,
    pub(crate) port: u16,
    pub(crate) failed: bool,
    pub(crate) tags: Vec<(String, String)>,
}

impl Tracer {
    pub(crate) fn compile(wire: &Tracing, node: &Node) -> Self {
        let tag = |(name, tag): (&String, &TraceTag)| {
            let tag = match tag {
                TraceTag::Literal(text) => Tag::Always(text.clone()),
                TraceTag::Header { name, default } => {
                    let header = HeaderName::try_from(name).ok()?;
                    Tag::Header(header, default.clone())
                }
                TraceTag::Environment { name, default } => {
                    Tag::Always(std::env::var(name).ok().or_else(|| default.clone())?)
                }
            };
            Some((name.clone(), tag))
        };
        Self {
            cluster: wire.cluster.clone(),
            provider: wire.provider,
            sampling: wire.sampling,
            service: Arc::new(Service::of(node)),
            tags: wire.tags.iter().filter_map(tag).collect(),
        }
    }

    /// Makes a request one of its trace, or of a new one, and tells the next hop: trace and span, and what goes on where
    /// somebody wants to hear more.
    pub(crate) fn begin(&self, headers: &mut Fields) -> ((u128, u64), Option<Box<Begun>>) {
        let before = Context::extract(headers, self.provider);
        let random = sampling::decide(headers, self.sampling);
        let sampled = before
            .as_ref()
            .and_then(|before| before.sampled)
            .unwrap_or(random);
        let context = Context::next(before.as_ref(), sampled);
        context.inject(headers, self.provider);
        let ids = context.ids();
        if !sampled {
            return (ids, None);
        }
        let value = |tag: &Tag| match tag {
            Tag::Always(text) => Some(text.clone()),
            Tag::Header(name, default) => {
                let found = headers.get(name).and_then(|value| value.to_str().ok());
                found.map(str::to_owned).or_else(|| default.clone())
            }
        };
        let tags = self
            .tags
            .iter()
            .filter_map(|(name, tag)| Some((name.clone(), value(tag)?)));
        let tags = tags.collect();
        (ids, Some(Box::new(Begun { context, tags })))
    }
}

impl Service {
    fn of(node: &Node) -> Self {
        let own = crate::telemetry::Party::own(node, "");
        let app = if own.app.is_empty() {
            &node.workload
        } else {
            &own.app
        };
        Self {
            name: format!("{app}.{}", node.namespace),
            address: node.addresses.first().copied(),
            tags: vec![
                ("component", "proxy".to_owned()),
                ("node_id", node.id.clone()),
                ("istio.canonical_revision", own.revision),
                ("istio.canonical_service", own.service),
                ("istio.cluster_id", node.cluster.clone()),
                ("istio.mesh_id", node.mesh.clone()),
                ("istio.namespace", node.namespace.clone()),
            ],
        }
    }
}

impl Weigh for Span {
    fn weight(&self) -> usize {
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len());
        size_of::<Self>() + self.name.len() + tags.sum::<usize>()
    }
}

/// Sends the spans of requests to the collector that the snapshot names, for ever.
pub(crate) async fn send_spans(shared: &Shared) {
    let Some(mut batches) = shared.telemetry().spans.take() else {
        return;
    };
    while let Some(spans) = batches.next().await {
        if let Some(state) = shared.state().clone()
            && let Some(tracer) = &state.tracer
            && let Some(cluster) = state.clusters.get(&tracer.cluster)
        {
            let message = match tracer.provider {
                TracingProvider::Zipkin => Message {
                    what: "spans",
                    path: zipkin::PATH,
                    kind: "application/json",
                    http2: cluster.wire.http == HttpVersion::Http2,
                    body: zipkin::encode(&tracer.service, &spans),
                },
                TracingProvider::Otlp => {
                    Message::grpc("spans", otlp::PATH, otlp::encode(&tracer.service, &spans))
                }
            };
            collectors::send(shared, cluster, message).await;
        }
    }
}

/// Reads what a request says of its trace.
#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let (first, second) = read.split_at(read.len() / 2);
    for provider in [TracingProvider::Zipkin, TracingProvider::Otlp] {
        for names in [["traceparent", "b3"], ["x-b3-traceid", "x-b3-spanid"]] {
            let mut headers = Fields::new();
            for (name, bytes) in names.into_iter().zip([first, second]) {
                if let Ok(value) = http::HeaderValue::from_bytes(bytes) {
                    headers.insert(HeaderName::from_static(name), value.clone());
                    headers.insert(HeaderName::from_static("x-request-id"), value);
                }
            }
            let before = Context::extract(&headers, provider);
            Context::next(before.as_ref(), sampling::decide(&mut headers, PerMillion(1)))
                .inject(&mut headers, provider);
        }
    }
}
