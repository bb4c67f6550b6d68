use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::labels::Common;
use super::messages::MessageSeries;
use super::{Flag, Flags};

mod edited;

/// More series than this are not made; what would be another one is counted in one that says so.
const MOST_SERIES: usize = 10_000;

/// More pairs of source and destination than this are not told apart.
const MOST_SCOPES: usize = 1_000;

/// Envoy's buckets of milliseconds and bytes.
const BUCKETS: [f64; 19] = [
    0.5, 1., 5., 10., 25., 50., 100., 250., 500., 1000., 2500., 5000., 10_000., 30_000., 60_000., 300_000.,
    600_000., 1_800_000., 3_600_000.,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    #[prometheus(flatten)]
    common: Common,
    request_protocol: &'static str,
    response_code: u16,
    grpc_response_status: String,
    response_flags: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TcpLabels {
    #[prometheus(flatten)]
    common: Common,
    request_protocol: &'static str,
    response_flags: &'static str,
}

/// The labels of a series: Istio's own, or those that are left after changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Labels<T> {
    Standard(T),
    Edited(Vec<(String, String)>),
}

impl<T: EncodeLabelSet> EncodeLabelSet for Labels<T> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Standard(labels) => labels.encode(encoder),
            Self::Edited(labels) => labels.encode(encoder),
        }
    }
}

type Histograms = Family<Labels<HttpLabels>, Histogram, fn() -> Histogram>;
type Counters<T> = Family<Labels<T>, Counter>;

/// Istio's standard metrics (istio `pilot/pkg/model/telemetry.go`).
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Counters<HttpLabels>,
    durations: Histograms,
    request_bytes: Histograms,
    response_bytes: Histograms,
    request_messages: Counters<HttpLabels>,
    response_messages: Counters<HttpLabels>,
    opened: Counters<TcpLabels>,
    closed: Counters<TcpLabels>,
    sent: Counters<TcpLabels>,
    received: Counters<TcpLabels>,
    series: Arc<AtomicUsize>,
    scopes: Arc<Mutex<HashMap<Common, Arc<Scope>>>>,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histograms = || Histograms::new_with_constructor(|| Histogram::new(BUCKETS));
        let metrics = Self {
            requests: Family::default(),
            durations: histograms(),
            request_bytes: histograms(),
            response_bytes: histograms(),
            request_messages: Family::default(),
            response_messages: Family::default(),
            opened: Family::default(),
            closed: Family::default(),
            sent: Family::default(),
            received: Family::default(),
            series: Arc::default(),
            scopes: Arc::default(),
        };
        let istio = registry.sub_registry_with_prefix("istio");
        istio.register("requests", "Requests", metrics.requests.clone());
        istio.register(
            "request_duration_milliseconds",
            "Durations of requests",
            metrics.durations.clone(),
        );
        istio.register(
            "request_bytes",
            "Sizes of requests",
            metrics.request_bytes.clone(),
        );
        istio.register(
            "response_bytes",
            "Sizes of responses",
            metrics.response_bytes.clone(),
        );
        istio.register(
            "request_messages",
            "Messages of gRPC requests",
            metrics.request_messages.clone(),
        );
        istio.register(
            "response_messages",
            "Messages of gRPC responses",
            metrics.response_messages.clone(),
        );
        istio.register(
            "tcp_connections_opened",
            "TCP connections opened",
            metrics.opened.clone(),
        );
        istio.register(
            "tcp_connections_closed",
            "TCP connections closed",
            metrics.closed.clone(),
        );
        istio.register(
            "tcp_sent_bytes",
            "Bytes of responses on TCP connections",
            metrics.sent.clone(),
        );
        istio.register(
            "tcp_received_bytes",
            "Bytes of requests on TCP connections",
            metrics.received.clone(),
        );
        metrics
    }

    /// The series between the two of `common`; beyond [`MOST_SCOPES`] pairs, those of nobody in particular.
    pub(crate) fn scope(&self, common: Common) -> Arc<Scope> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let common = if scopes.len() < MOST_SCOPES || scopes.contains_key(&common) {
            common
        } else {
            common.nobody()
        };
        let scope = scopes
            .entry(common)
            .or_insert_with_key(|common| Arc::new(Scope::new(self, common.clone())));
        scope.clone()
    }

    /// False where no more series may be made.
    fn another(&self) -> bool {
        self.series.fetch_add(1, Ordering::Relaxed) < MOST_SERIES
    }
}

/// The series between one source and one destination; found again without building labels.
#[derive(Debug)]
pub(crate) struct Scope {
    metrics: Metrics,
    common: Common,
    http: Mutex<Vec<(HttpKey, HttpSeries)>>,
    tcp: Mutex<Vec<(Flag, TcpSeries)>>,
    messages: OnceLock<Option<MessageSeries>>,
    /// Those that are not Istio's own.
    edited: Mutex<edited::Edited>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct HttpKey {
    code: u16,
    flag: Flags,
    grpc: Option<i32>,
    is_grpc: bool,
}

#[derive(Clone, Debug)]
struct HttpSeries {
    requests: Counter,
    duration: Histogram,
    request_bytes: Histogram,
    response_bytes: Histogram,
}

/// The counters of TCP connections.
#[derive(Clone, Debug)]
pub(crate) struct TcpSeries {
    pub(crate) opened: Counter,
    pub(crate) closed: Counter,
    pub(crate) sent: Counter,
    pub(crate) received: Counter,
}

/// One request, as far as metrics see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) code: u16,
    pub(crate) flag: Flags,
    /// `None` where the request is no gRPC, -1 where no status came.
    pub(crate) grpc: Option<i32>,
    pub(crate) duration: Duration,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

impl HttpKey {
    fn of(counted: &Counted) -> Self {
        let Counted { code, flag, grpc, .. } = *counted;
        Self {
            code,
            flag,
            grpc,
            is_grpc: grpc.is_some(),
        }
    }
}

impl HttpLabels {
    fn of(common: &Common, key: HttpKey) -> Self {
        let status = key.grpc.filter(|status| *status >= 0);
        Self {
            common: common.clone(),
            request_protocol: if key.is_grpc { "grpc" } else { "http" },
            response_code: key.code,
            grpc_response_status: status.map(|status| status.to_string()).unwrap_or_default(),
            response_flags: key.flag.as_str(),
        }
    }
}

impl HttpSeries {
    fn count(&self, counted: &Counted) {
        self.requests.inc();
        self.duration.observe(counted.duration.as_secs_f64() * 1000.0);
        self.request_bytes.observe(counted.received as f64);
        self.response_bytes.observe(counted.sent as f64);
    }
}

impl Scope {
    fn new(metrics: &Metrics, common: Common) -> Self {
        // Without the scopes: they hold this one.
        let metrics = Metrics {
            scopes: Arc::default(),
            ..metrics.clone()
        };
        Self {
            metrics,
            common,
            http: Mutex::default(),
            tcp: Mutex::default(),
            messages: OnceLock::new(),
            edited: Mutex::default(),
        }
    }

    pub(crate) fn count(&self, counted: &Counted) {
        let key = HttpKey::of(counted);
        let mut known = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, series)) = known.iter().find(|(other, _)| *other == key) {
            series.count(counted);
        } else if self.metrics.another() {
            let series = self.http_series(key);
            series.count(counted);
            known.push((key, series));
        }
    }

    fn http_series(&self, key: HttpKey) -> HttpSeries {
        let labels = Labels::Standard(HttpLabels::of(&self.common, key));
        HttpSeries {
            requests: self.metrics.requests.get_or_create_owned(&labels),
            duration: self.metrics.durations.get_or_create_owned(&labels),
            request_bytes: self.metrics.request_bytes.get_or_create_owned(&labels),
            response_bytes: self.metrics.response_bytes.get_or_create_owned(&labels),
        }
    }

    /// Where messages of gRPC are counted while they pass. They have fewer labels than requests (istio/proxy
    /// `server_request_messages.yaml.tmpl`).
    pub(crate) fn messages(&self) -> Option<MessageSeries> {
        let made = || {
            let labels = || Labels::Edited(owned(self.of_messages()));
            self.metrics.another().then(|| MessageSeries {
                requests: self.metrics.request_messages.get_or_create_owned(&labels()),
                responses: self.metrics.response_messages.get_or_create_owned(&labels()),
            })
        };
        self.messages.get_or_init(made).clone()
    }

    fn of_messages(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = self.common.pairs().into_iter();
        all.filter(|(name, _)| *name != "connection_security_policy")
    }

    pub(crate) fn tcp(&self, flag: Flag) -> Option<TcpSeries> {
        let mut known = self.tcp.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, series)) = known.iter().find(|(other, _)| *other == flag) {
            return Some(series.clone());
        }
        if !self.metrics.another() {
            return None;
        }
        let common = self.common.clone();
        let labels = Labels::Standard(TcpLabels {
            common,
            request_protocol: "tcp",
            response_flags: flag.as_str(),
        });
        let series = TcpSeries {
            opened: self.metrics.opened.get_or_create_owned(&labels),
            closed: self.metrics.closed.get_or_create_owned(&labels),
            sent: self.metrics.sent.get_or_create_owned(&labels),
            received: self.metrics.received.get_or_create_owned(&labels),
        };
        known.push((flag, series.clone()));
        Some(series)
    }
}

fn owned<'a>(labels: impl Iterator<Item = (&'static str, &'a str)>) -> Vec<(String, String)> {
    labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{LogSink, Party, Reporter, Telemetry};

    #[test]
    fn the_same_pair_is_the_same_series_and_there_is_a_bound() {
        let telemetry = Telemetry::new(LogSink::none());
        let scope = |workload: String| {
            let source = Party {
                workload,
                ..Party::default()
            };
            telemetry.metrics.scope(Common::new(
                Reporter::Destination,
                &source,
                &Party::default(),
                None,
                true,
            ))
        };
        assert!(Arc::ptr_eq(&scope("a".to_owned()), &scope("a".to_owned())));
        for number in 0..MOST_SCOPES {
            scope(number.to_string());
        }
        assert!(Arc::ptr_eq(
            &scope("one more".to_owned()),
            &scope("another".to_owned())
        ));
    }

    #[test]
    fn a_request_is_counted_with_istios_names() {
        let telemetry = Telemetry::new(LogSink::none());
        let source = Party {
            workload: "webapp".to_owned(),
            ..Party::default()
        };
        let common = Common::new(Reporter::Destination, &source, &Party::default(), None, true);
        let scope = telemetry.metrics.scope(common);
        let counted = Counted {
            code: 200,
            flag: Flags::default(),
            grpc: None,
            duration: Duration::from_millis(3),
            received: 0,
            sent: 1024,
        };
        scope.count(&counted);
        scope.count(&counted);
        let mut text = String::new();
        telemetry.encode(&mut text);
        let line = text
            .lines()
            .find(|line| line.starts_with("istio_requests_total"))
            .unwrap();
        for part in [
            "source_workload=\"webapp\"",
            "connection_security_policy=\"mutual_tls\"",
            "response_code=\"200\"",
            "} 2",
        ] {
            assert!(line.contains(part), "{line}");
        }
    }
}
