//! What is changed of the standard metrics (Istio's `Telemetry.metrics.overrides`; Envoy `istio_stats`).

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::HeaderName;
use mesh_wire::Node;
use mesh_wire::cel::Expression;
use mesh_wire::telemetry::{MetricChange, MetricEdit, Side};

use super::Reporter;
use super::expression::{self, Facts};

/// A metric that the proxy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Requests,
    Durations,
    RequestBytes,
    ResponseBytes,
    RequestMessages,
    ResponseMessages,
    Opened,
    Closed,
    Sent,
    Received,
}

/// Istio's words for them (`MetricSelector.IstioMetric`).
const METRICS: [(&str, Metric); 10] = [
    ("REQUEST_COUNT", Metric::Requests),
    ("REQUEST_DURATION", Metric::Durations),
    ("REQUEST_SIZE", Metric::RequestBytes),
    ("RESPONSE_SIZE", Metric::ResponseBytes),
    ("GRPC_REQUEST_MESSAGES", Metric::RequestMessages),
    ("GRPC_RESPONSE_MESSAGES", Metric::ResponseMessages),
    ("TCP_OPENED_CONNECTIONS", Metric::Opened),
    ("TCP_CLOSED_CONNECTIONS", Metric::Closed),
    ("TCP_SENT_BYTES", Metric::Sent),
    ("TCP_RECEIVED_BYTES", Metric::Received),
];

/// All changes, compiled.
#[derive(Debug)]
pub(crate) struct Edits {
    said: Vec<MetricEdit>,
    node: Node,
    client: OneSide,
    server: OneSide,
    /// Headers that expressions ask for.
    pub(crate) request: Vec<HeaderName>,
    pub(crate) response: Vec<HeaderName>,
}

#[derive(Debug, Default)]
struct OneSide {
    metrics: [Edit; METRICS.len()],
    /// Each is evaluated once a request.
    expressions: Vec<Expression>,
    /// Anything is other than standard.
    changes: bool,
}

#[derive(Clone, Debug, Default)]
struct Edit {
    dropped: bool,
    /// Label -> its expression; `None` is a label less.
    tags: BTreeMap<String, Option<usize>>,
}

impl Edits {
    /// `None` where nothing is changed. Those of `before` are taken over where they are the same, with what was counted by them.
    pub(crate) fn compile(said: &[MetricEdit], node: &Node, before: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        if said.is_empty() {
            return None;
        }
        if let Some(before) = before.filter(|before| before.said == said && before.node == *node) {
            return Some(before.clone());
        }
        let (client, server) = (OneSide::of(said, Side::Client), OneSide::of(said, Side::Server));
        let (request, response) = expression::headers(client.expressions.iter().chain(&server.expressions));
        Some(Arc::new(Self {
            said: said.to_vec(),
            node: node.clone(),
            client,
            server,
            request,
            response,
        }))
    }

    /// What the proxy does not take of `said`, and why.
    pub(crate) fn misfits(said: &[MetricEdit]) -> Vec<String> {
        let mut found = Vec::new();
        for edit in said {
            if let Some(metric) = &edit.metric
                && find(metric).is_none()
            {
                found.push(format!("there is no metric `{metric}` to be changed"));
            }
            if let MetricChange::Tag { name, value } = &edit.change
                && let Err(error) = Expression::parse(value)
            {
                found.push(format!("the label `{name}` of metrics is left as it is: {error}"));
            }
        }
        found
    }

    fn side(&self, reporter: Reporter) -> &OneSide {
        match reporter {
            Reporter::Source => &self.client,
            Reporter::Destination => &self.server,
        }
    }

    /// Whether anything is other than standard where the proxy is `reporter`.
    pub(crate) fn changes(&self, reporter: Reporter) -> bool {
        self.side(reporter).changes
    }

    /// The values of all expressions; what cannot be had is `unknown`, as Envoy says.
    pub(super) fn values(&self, facts: Facts<'_>) -> Vec<String> {
        let expressions = &self.side(facts.entry.reporter).expressions;
        let value = |expression| {
            let value = facts.value(expression);
            value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
        };
        expressions.iter().map(value).collect()
    }

    /// The proxy's own description, for [`Facts`].
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// The labels of `metric` where the standard ones are `standard`; `None` where it is not counted.
    pub(super) fn labels<'a>(
        &self,
        reporter: Reporter,
        metric: Metric,
        standard: impl Iterator<Item = (&'static str, &'a str)>,
        values: &[String],
    ) -> Option<Vec<(String, String)>> {
        let edit = &self.side(reporter).metrics[metric as usize];
        if edit.dropped {
            return None;
        }
        let value = |at: usize| values.get(at).cloned().unwrap_or_default();
        let mut known = Vec::new();
        let mut labels = Vec::new();
        for (name, own) in standard {
            known.push(name);
            match edit.tags.get(name) {
                None => labels.push((name.to_owned(), own.to_owned())),
                Some(Some(at)) => labels.push((name.to_owned(), value(*at))),
                Some(None) => {}
            }
        }
        for (name, at) in &edit.tags {
            if let Some(at) = at
                && !known.contains(&name.as_str())
            {
                labels.push((name.clone(), value(*at)));
            }
        }
        Some(labels)
    }
}

fn find(metric: &str) -> Option<Metric> {
    let known = METRICS.iter().find(|(name, _)| *name == metric);
    known.map(|(_, metric)| *metric)
}

impl OneSide {
    fn of(said: &[MetricEdit], side: Side) -> Self {
        let mut all = Self::default();
        let mut texts: Vec<&str> = Vec::new();
        for edit in said.iter().filter(|edit| edit.at.is_none_or(|at| at == side)) {
            let change = match &edit.change {
                MetricChange::Drop => None,
                MetricChange::DropTag(name) => Some((name, None)),
                MetricChange::Tag { name, value } => match texts.iter().position(|known| known == value) {
                    Some(at) => Some((name, Some(at))),
                    None => {
                        let Ok(expression) = Expression::parse(value) else {
                            continue;
                        };
                        texts.push(value);
                        all.expressions.push(expression);
                        Some((name, Some(texts.len() - 1)))
                    }
                },
            };
            let only = edit.metric.as_deref().map(find);
            for (_, metric) in METRICS {
                if only.is_some_and(|only| only != Some(metric)) {
                    continue;
                }
                let own = &mut all.metrics[metric as usize];
                all.changes = true;
                match change {
                    None => own.dropped = true,
                    Some((name, at)) => _ = own.tags.insert(name.clone(), at),
                }
            }
        }
        all
    }
}
