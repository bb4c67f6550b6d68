use std::collections::BTreeMap;

use mesh_wire::route::PerMillion;
use mesh_wire::telemetry::{MetricEdit, Side, TraceTag};

use super::{Mesh, Service};

/// What is counted, written down and traced at one place: the mesh, a namespace or a service. `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Istio's metrics on 15090.
    pub metrics: Option<bool>,
    /// Changes of them, ordered by content; they come on top of those of the places around.
    pub metric_edits: Vec<MetricEdit>,
    /// The access log.
    pub access_log: Option<Log>,
    /// Traces.
    pub tracing: Option<Tracing>,
}

/// What watches the mesh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// A Prometheus is told of the VMs.
    pub prometheus: bool,
    /// It runs by its operator.
    pub operator: bool,
    /// Dashboards are written.
    pub dashboards: bool,
    /// Alerts are written.
    pub alerts: bool,
}

/// The access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks; `None` writes none.
    pub form: Option<LogForm>,
    /// CEL: only what it is true of.
    pub filter: Option<String>,
    /// Where; `None` is both.
    pub at: Option<Side>,
    /// The file; `None` is standard output.
    pub file: Option<String>,
    /// It goes to a collector (OTLP) instead.
    pub collector: Option<Collector>,
}

/// How a line of the access log looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// Text; `None` is Istio's own line.
    Text(Option<String>),
    /// An object; without fields, Istio's own.
    Json(BTreeMap<String, String>),
}

/// Traces. What is not said is as around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracing {
    /// Spans are sent.
    pub on: Option<bool>,
    /// Who gets them.
    pub provider: Option<Provider>,
    /// Of the requests that begin a trace.
    pub sampling: Option<PerMillion>,
    /// Tags of every span.
    pub tags: BTreeMap<String, TraceTag>,
}

/// Who gets spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// OpenTelemetry over gRPC, else Zipkin.
    pub otlp: bool,
    /// Where.
    pub collector: Collector,
}

/// A port of a service that collects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collector {
    /// Its namespace.
    pub namespace: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Telemetry {
    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What holds where `inner` stands inside this (Istio `applicableTelemetries`): an access log replaces the one
    /// around, all else is put together.
    #[must_use]
    pub fn with(&self, inner: &Self) -> Self {
        let mut metric_edits = self.metric_edits.clone();
        metric_edits.extend(inner.metric_edits.iter().cloned());
        let tracing = match (&self.tracing, &inner.tracing) {
            (Some(outer), Some(inner)) => Some(Tracing {
                on: inner.on.or(outer.on),
                provider: inner.provider.clone().or_else(|| outer.provider.clone()),
                sampling: inner.sampling.or(outer.sampling),
                tags: outer.tags.clone().into_iter().chain(inner.tags.clone()).collect(),
            }),
            (outer, inner) => inner.clone().or_else(|| outer.clone()),
        };
        Self {
            metrics: inner.metrics.or(self.metrics),
            metric_edits,
            access_log: inner.access_log.clone().or_else(|| self.access_log.clone()),
            tracing,
        }
    }
}

impl Mesh {
    /// What holds for workloads of `namespace` that `services` run on.
    pub fn telemetry_of<'a>(
        &self,
        namespace: &str,
        services: impl IntoIterator<Item = &'a Service>,
    ) -> Telemetry {
        let mut whole = self.telemetry.clone();
        if let Some(namespace) = self.namespaces.get(namespace) {
            whole = whole.with(&namespace.telemetry);
        }
        // Of several Telemetry objects for one workload, istiod takes one.
        let own = services.into_iter().find(|service| !service.telemetry.is_empty());
        own.map_or_else(|| whole.clone(), |service| whole.with(&service.telemetry))
    }
}
