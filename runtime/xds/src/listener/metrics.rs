//! Istio's filter for metrics, `stats.PluginConfig` (Istio `pilot/pkg/model/telemetry.go`).

use std::collections::BTreeSet;

use mesh_wire::snapshot::Telemetry;
use mesh_wire::telemetry::{MetricChange, MetricEdit, Side};
use serde_json::json;

use crate::reader::Reader;
use crate::translate::Parts;

/// What is counted, on which side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metrics {
    with: BTreeSet<Side>,
    without: BTreeSet<Side>,
    edits: Vec<(Option<String>, MetricChange, BTreeSet<Side>)>,
}

impl Metrics {
    pub(crate) fn end(self, telemetry: &mut Telemetry) {
        telemetry.metrics = !self.with.is_empty();
        if !telemetry.metrics {
            return;
        }
        let silent = self.without.difference(&self.with).copied();
        telemetry.metric_edits = silent
            .map(|side| MetricEdit {
                metric: None,
                at: Some(side),
                change: MetricChange::Drop,
            })
            .collect();
        for (metric, change, sides) in self.edits {
            // On both sides where there is no traffic of the other one.
            let everywhere = self.with.is_subset(&sides);
            let at = sides.first().copied().filter(|_| !everywhere);
            telemetry.metric_edits.push(MetricEdit { metric, at, change });
        }
    }

    fn add(&mut self, metric: Option<&str>, change: MetricChange, side: Side) {
        let same = |edit: &&mut (Option<String>, MetricChange, BTreeSet<Side>)| {
            edit.0.as_deref() == metric && edit.1 == change
        };
        match self.edits.iter_mut().find(same) {
            Some((_, _, sides)) => _ = sides.insert(side),
            None => {
                let metric = metric.map(str::to_owned);
                self.edits.push((metric, change, BTreeSet::from([side])));
            }
        }
    }
}

/// Notes that traffic of `side` is counted, or that it is not.
pub(super) fn seen(parts: &mut Parts, side: Side, counted: bool) {
    let set = if counted {
        &mut parts.metrics.with
    } else {
        &mut parts.metrics.without
    };
    set.insert(side);
}

/// What Istio calls the metrics (`metricToPrometheusMetric`).
const NAMES: [(&str, &str); 10] = [
    ("requests_total", "REQUEST_COUNT"),
    ("request_duration_milliseconds", "REQUEST_DURATION"),
    ("request_bytes", "REQUEST_SIZE"),
    ("response_bytes", "RESPONSE_SIZE"),
    ("tcp_connections_opened_total", "TCP_OPENED_CONNECTIONS"),
    ("tcp_connections_closed_total", "TCP_CLOSED_CONNECTIONS"),
    ("tcp_sent_bytes_total", "TCP_SENT_BYTES"),
    ("tcp_received_bytes_total", "TCP_RECEIVED_BYTES"),
    ("request_messages_total", "GRPC_REQUEST_MESSAGES"),
    ("response_messages_total", "GRPC_RESPONSE_MESSAGES"),
];

pub(super) fn read(parts: &mut Parts, mut config: Reader<'_>, side: Side) {
    // Who calls is known by its certificate, or it is unknown.
    config.given("disable_host_header_fallback", &[json!(true)]);
    for mut metric in config.messages("metrics") {
        let name = metric.some_text("name");
        let known = NAMES.iter().find(|(own, _)| name.as_deref() == Some(own));
        let name = known.map(|(_, name)| *name).or(name.as_deref());
        if metric.flag("drop") == Some(true) {
            parts.metrics.add(name, MetricChange::Drop, side);
        }
        for tag in metric.texts("tags_to_remove") {
            parts.metrics.add(name, MetricChange::DropTag(tag), side);
        }
        for (tag, value) in metric.text_map("dimensions") {
            let change = MetricChange::Tag { name: tag, value };
            parts.metrics.add(name, change, side);
        }
    }
}
