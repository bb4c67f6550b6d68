//! What is counted, and what is written down, of everything that passes.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::registry::Registry;

use crate::collectors::Queue;

mod access_log;
mod custom;
mod decisions;
mod edits;
mod expression;
mod file;
mod flags;
mod format;
mod grpc;
mod labels;
mod log;
mod messages;
mod metrics;
mod record;
mod records;
mod sink;

pub(crate) use custom::header;
pub(crate) use decisions::{Decisions, Places, Tally};
pub(crate) use edits::Edits;
pub(crate) use expression::Facts;
pub(crate) use flags::{Flag, Flags};
pub(crate) use format::Format;
pub(crate) use grpc::grpc_status;
pub(crate) use labels::{Common, Party, Reporter};
pub(crate) use log::Logs;
pub(crate) use messages::Messages;
pub(crate) use metrics::{Counted, Scope, TcpSeries};
pub(crate) use record::{Entry, Request, named, picked};
pub(crate) use records::send_records;
pub use sink::LogSink;

/// The content type of [`Telemetry::encode`] (OpenMetrics 1.0).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics and the log of one proxy.
#[derive(Debug)]
pub struct Telemetry {
    registry: Mutex<Registry>,
    pub(crate) metrics: metrics::Metrics,
    pub(crate) log: LogSink,
    pub(crate) spans: Queue<crate::trace::Span>,
    pub(crate) records: Queue<records::Record>,
    pub(crate) decisions: Arc<Decisions>,
}

impl Telemetry {
    pub(crate) fn new(log: LogSink) -> Self {
        let mut registry = Registry::default();
        let metrics = metrics::Metrics::register(&mut registry);
        let (spans, records) = (Queue::new("spans"), Queue::new("records of the access log"));
        registry.register(
            "meshd_spans_dropped",
            "Spans that their collector did not take in time",
            spans.dropped.clone(),
        );
        registry.register(
            "meshd_log_records_dropped",
            "Records of the access log that their collector did not take in time",
            records.dropped.clone(),
        );
        let decisions = Arc::<Decisions>::default();
        registry.register_collector(Box::new(decisions::Told(decisions.clone())));
        Self {
            registry: Mutex::new(registry),
            metrics,
            log,
            spans,
            records,
            decisions,
        }
    }

    /// Writes all metrics to `out`, as 15090 serves them.
    pub fn encode(&self, out: &mut String) {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // A String takes everything.
        let _infallible = prometheus_client::encoding::text::encode(out, &registry);
    }

    /// What policies decided, by Envoy's names, in their order: `http.inbound_0.0.0.0_80;.rbac.allowed`.
    pub fn decisions(&self) -> Vec<(String, u64)> {
        self.decisions.all()
    }

    /// Lets others put their metrics beside these.
    pub fn register(&self, put: impl FnOnce(&mut Registry)) {
        put(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
