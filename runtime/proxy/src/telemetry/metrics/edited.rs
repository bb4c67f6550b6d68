//! Series whose labels are not Istio's own: [`Edits`] say which.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;

use super::{BUCKETS, Counted, Counters, HttpKey, HttpLabels, HttpSeries, Labels, Scope, TcpSeries};
use crate::telemetry::Flag;
use crate::telemetry::edits::{Edits, Metric};
use crate::telemetry::expression::Facts;
use crate::telemetry::messages::MessageSeries;

/// The value of a label of one's own, where no more series may be made.
const OTHER: &str = "other";

/// The series of one source and one destination, found again without building labels.
#[derive(Debug, Default)]
pub(super) struct Edited {
    by: Option<Arc<Edits>>,
    http: HashMap<(HttpKey, Vec<String>), HttpSeries>,
    tcp: HashMap<(Flag, Vec<String>), TcpSeries>,
    messages: HashMap<Vec<String>, MessageSeries>,
}

impl Edited {
    /// After other edits all is looked for anew.
    fn minding(&mut self, edits: &Arc<Edits>) {
        if !self.by.as_ref().is_some_and(|by| Arc::ptr_eq(by, edits)) {
            *self = Self {
                by: Some(edits.clone()),
                ..Self::default()
            };
        }
    }
}

impl Scope {
    /// As [`Scope::count`], with labels as `edits` want them for what is in `facts`.
    pub(crate) fn count_edited(&self, edits: &Arc<Edits>, counted: &Counted, facts: Facts<'_>) {
        let values = edits.values(self.seen(facts));
        let mut known = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        known.minding(edits);
        let key = HttpKey::of(counted);
        let place = match known.http.contains_key(&(key, values.clone())) || self.metrics.another() {
            true => (key, values),
            false => (key, vec![OTHER.to_owned(); values.len()]),
        };
        let series = known
            .http
            .entry(place)
            .or_insert_with_key(|(key, values)| self.http_edited(edits, *key, values));
        series.count(counted);
    }

    /// As [`Scope::tcp`], with labels as `edits` want them for what is in `facts`.
    pub(crate) fn tcp_edited(&self, edits: &Arc<Edits>, flag: Flag, facts: Facts<'_>) -> TcpSeries {
        let values = edits.values(self.seen(facts));
        let mut known = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        known.minding(edits);
        let place = match known.tcp.contains_key(&(flag, values.clone())) || self.metrics.another() {
            true => (flag, values),
            false => (flag, vec![OTHER.to_owned(); values.len()]),
        };
        let series = known
            .tcp
            .entry(place)
            .or_insert_with_key(|(flag, values)| self.connections_edited(edits, *flag, values));
        series.clone()
    }

    fn seen<'a>(&'a self, facts: Facts<'a>) -> Facts<'a> {
        Facts {
            common: Some(&self.common),
            ..facts
        }
    }

    fn http_edited(&self, edits: &Edits, key: HttpKey, values: &[String]) -> HttpSeries {
        let own = HttpLabels::of(&self.common, key);
        let code = own.response_code.to_string();
        let labels = |metric| {
            let more = [
                ("request_protocol", own.request_protocol),
                ("response_code", &code),
                ("grpc_response_status", &own.grpc_response_status),
                ("response_flags", own.response_flags),
            ];
            let standard = self.common.pairs().into_iter().chain(more);
            edits.labels(self.common.reporter(), metric, standard, values)
        };
        let histogram = || Histogram::new(BUCKETS);
        HttpSeries {
            requests: counter(&self.metrics.requests, labels(Metric::Requests)),
            duration: made(&self.metrics.durations, labels(Metric::Durations), histogram),
            request_bytes: made(
                &self.metrics.request_bytes,
                labels(Metric::RequestBytes),
                histogram,
            ),
            response_bytes: made(
                &self.metrics.response_bytes,
                labels(Metric::ResponseBytes),
                histogram,
            ),
        }
    }

    /// As [`Scope::messages`], with labels as `edits` want them for what is in `facts`.
    pub(crate) fn messages_edited(&self, edits: &Arc<Edits>, facts: Facts<'_>) -> MessageSeries {
        let mut values = edits.values(self.seen(facts));
        let mut known = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        known.minding(edits);
        if !known.messages.contains_key(&values) && !self.metrics.another() {
            values = vec![OTHER.to_owned(); values.len()];
        }
        let series = known.messages.entry(values).or_insert_with_key(|values| {
            let labels = |metric| edits.labels(self.common.reporter(), metric, self.of_messages(), values);
            MessageSeries {
                requests: counter(&self.metrics.request_messages, labels(Metric::RequestMessages)),
                responses: counter(&self.metrics.response_messages, labels(Metric::ResponseMessages)),
            }
        });
        series.clone()
    }

    fn connections_edited(&self, edits: &Edits, flag: Flag, values: &[String]) -> TcpSeries {
        let labels = |metric| {
            let more = [("request_protocol", "tcp"), ("response_flags", flag.as_str())];
            let standard = self.common.pairs().into_iter().chain(more);
            edits.labels(self.common.reporter(), metric, standard, values)
        };
        TcpSeries {
            opened: counter(&self.metrics.opened, labels(Metric::Opened)),
            closed: counter(&self.metrics.closed, labels(Metric::Closed)),
            sent: counter(&self.metrics.sent, labels(Metric::Sent)),
            received: counter(&self.metrics.received, labels(Metric::Received)),
        }
    }
}

type Own = Option<Vec<(String, String)>>;

fn counter<T>(family: &Counters<T>, labels: Own) -> Counter
where
    T: EncodeLabelSet + Clone + Eq + std::hash::Hash,
{
    made(family, labels, Counter::default)
}

/// The series with `labels`. Without any nobody reads it: what is not wanted is counted nowhere.
fn made<T, M, C>(family: &Family<Labels<T>, M, C>, labels: Own, nowhere: impl FnOnce() -> M) -> M
where
    T: EncodeLabelSet + Clone + Eq + std::hash::Hash,
    M: Clone,
    C: MetricConstructor<M>,
{
    match labels {
        Some(labels) => family.get_or_create_owned(&Labels::Edited(labels)),
        None => nowhere(),
    }
}

#[cfg(test)]
mod tests;
