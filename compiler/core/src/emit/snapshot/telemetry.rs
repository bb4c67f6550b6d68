use std::collections::BTreeSet;

use mesh_wire::Snapshot;
use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{AccessLog, Telemetry, Tracing, TracingProvider};
use mesh_wire::telemetry::AccessLogOptions;

use super::{Viewer, name};
use crate::model::{self, Collector, Log, LogForm, Mesh};

/// Of the requests that begin a trace, where nothing else is said (Istio `defaultSampling`).
const SAMPLING: PerMillion = PerMillion(10_000);

/// What is counted and written down at the viewer's workload.
pub(super) fn of(mesh: &Mesh, viewer: &Viewer<'_>) -> Telemetry {
    let said = mesh.telemetry_of(viewer.namespace, viewer.services.iter().copied());
    let log = said.access_log.as_ref();
    Telemetry {
        metrics: said.metrics.unwrap_or(true),
        access_log: log.and_then(|log| log.form.as_ref()).map(form),
        access_log_options: log
            .filter(|log| log.form.is_some())
            .map(options)
            .unwrap_or_default(),
        more_access_logs: Vec::new(),
        tracing: said.tracing.as_ref().and_then(tracing),
        metric_edits: said.metric_edits,
    }
}

/// A collector that is not visible to the viewer gets nothing from it: istiod finds no cluster for it either.
pub(super) fn keep_reachable(snapshot: &mut Snapshot, clusters: &BTreeSet<String>) {
    let Some(telemetry) = &mut snapshot.telemetry else {
        return;
    };
    let known = |cluster: &String| clusters.contains(cluster);
    telemetry.tracing = telemetry.tracing.take().filter(|tracing| known(&tracing.cluster));
    if telemetry
        .access_log_options
        .cluster
        .as_ref()
        .is_some_and(|cluster| !known(cluster))
    {
        telemetry.access_log = None;
        telemetry.access_log_options = AccessLogOptions::default();
    }
}

fn form(form: &LogForm) -> AccessLog {
    match form {
        LogForm::Text(line) => AccessLog::Text(line.clone()),
        LogForm::Json(_) => AccessLog::Json,
    }
}

fn options(log: &Log) -> AccessLogOptions {
    AccessLogOptions {
        filter: log.filter.clone(),
        at: log.at,
        fields: match &log.form {
            Some(LogForm::Json(fields)) => fields.clone(),
            _ => std::collections::BTreeMap::new(),
        },
        file: log.file.clone(),
        cluster: log.collector.as_ref().map(cluster),
    }
}

fn tracing(said: &model::Tracing) -> Option<Tracing> {
    let provider = said.provider.as_ref().filter(|_| said.on != Some(false))?;
    Some(Tracing {
        cluster: cluster(&provider.collector),
        provider: if provider.otlp {
            TracingProvider::Otlp
        } else {
            TracingProvider::Zipkin
        },
        sampling: said.sampling.unwrap_or(SAMPLING),
        tags: said.tags.clone(),
    })
}

fn cluster(collector: &Collector) -> String {
    name::outbound(collector.port, "", &collector.host)
}
