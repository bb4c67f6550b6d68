//! The access log as collectors of OpenTelemetry get it (Envoy's `envoy.access_loggers.open_telemetry`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mesh_wire::snapshot::AccessLog;
use mesh_wire::telemetry::{AccessLogOptions, ISTIO_LINE, istio_fields};

use super::custom;
use super::format::Format;
use super::record::Entry;
use crate::collectors::otlp::{attribute, request, text};
use crate::collectors::{self, Message, Weigh};
use crate::peer::proto::{bytes, fixed64};
use crate::shared::Shared;

/// Where collectors take them.
const PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// An entry on its way to the collector.
#[derive(Debug)]
pub(crate) struct Record {
    /// Who gets it.
    cluster: Arc<str>,
    /// `LogRecord` of opentelemetry/proto/logs/v1/logs.proto.
    encoded: Vec<u8>,
}

impl Weigh for Record {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.encoded.len()
    }
}

/// How entries become records.
#[derive(Debug)]
pub(super) struct Shape {
    cluster: Arc<str>,
    /// Istio's line, if nothing else is said; `None` where there is to be none.
    body: Option<Format>,
    attributes: BTreeMap<String, Format>,
}

impl Shape {
    pub(super) fn of(cluster: &str, form: &AccessLog, options: &AccessLogOptions) -> Self {
        let line = match form {
            AccessLog::Text(Some(line)) => line,
            AccessLog::Text(None) | AccessLog::Json => ISTIO_LINE,
        };
        let fields = match form {
            AccessLog::Json if options.fields.is_empty() => istio_fields(),
            _ => options.fields.clone(),
        };
        let parsed = |(key, format): (String, String)| (key, Format::parse(&format));
        Self {
            cluster: cluster.into(),
            body: (!line.is_empty()).then(|| Format::parse(line)),
            attributes: fields.into_iter().map(parsed).collect(),
        }
    }

    pub(super) fn formats(&self) -> impl Iterator<Item = &Format> {
        self.body.iter().chain(self.attributes.values())
    }

    /// Whatever an operator tells becomes a text, as with Envoy.
    pub(super) fn record(&self, entry: &Entry) -> Record {
        let mut encoded = Vec::with_capacity(512);
        let start = SystemTime::from(entry.start).duration_since(SystemTime::UNIX_EPOCH);
        let start = start.as_ref().map_or(0, Duration::as_nanos);
        fixed64(&mut encoded, 1, u64::try_from(start).unwrap_or(u64::MAX));
        if let Some(body) = &self.body {
            bytes(&mut encoded, 5, &text(&custom::plain(body, entry)));
        }
        for (key, format) in &self.attributes {
            bytes(&mut encoded, 6, &attribute(key, &custom::plain(format, entry)));
        }
        if let Some((trace, span)) = entry.request.as_ref().and_then(|request| request.trace) {
            bytes(&mut encoded, 9, &trace.to_be_bytes());
            bytes(&mut encoded, 10, &span.to_be_bytes());
        }
        Record {
            cluster: self.cluster.clone(),
            encoded,
        }
    }
}

/// Sends records to the collectors that they are for, for ever.
pub(crate) async fn send_records(shared: &Shared) {
    let Some(mut batches) = shared.telemetry().records.take() else {
        return;
    };
    while let Some(records) = batches.next().await {
        let mut by_cluster: BTreeMap<Arc<str>, Vec<Vec<u8>>> = BTreeMap::new();
        for record in records {
            by_cluster.entry(record.cluster).or_default().push(record.encoded);
        }
        let Some(state) = shared.state().clone() else {
            continue;
        };
        for (cluster, records) in by_cluster {
            if let Some(cluster) = state.clusters.get(&*cluster) {
                // Istio has Envoy tell nothing of the node: what is to be known of it is in the attributes.
                let body = request([], None, records);
                collectors::send(
                    shared,
                    cluster,
                    Message::grpc("records of the access log", PATH, body),
                )
                .await;
            }
        }
    }
}
