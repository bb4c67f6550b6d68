//! What policies decided, by the names that Envoy counts it under (`rbac.` of a listener's requests, and of connections).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Figures by name; those that no policy in force counts in are gone.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Mutex<BTreeMap<String, Weak<AtomicU64>>>);

/// The figures of one of Envoy's filters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    allowed: Arc<AtomicU64>,
    denied: Arc<AtomicU64>,
    would_allow: Arc<AtomicU64>,
    would_deny: Arc<AtomicU64>,
}

/// Where the policies of a listener are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places<'a> {
    decisions: Option<&'a Decisions>,
    /// What stands before names of figures of requests; `None` where there are none.
    http: Option<String>,
    /// There are connections without requests.
    tcp: bool,
}

impl<'a> Places<'a> {
    /// `prefix` is what Envoy's connection manager would be called.
    pub(crate) fn new(decisions: &'a Decisions, prefix: Option<&str>, tcp: bool) -> Self {
        Self {
            decisions: Some(decisions),
            http: prefix.map(|prefix| format!("http.{prefix}.rbac.")),
            tcp,
        }
    }

    /// For requests, and for connections; `tried` stands before what is only tried out.
    pub(crate) fn tallies(&self, tried: &str) -> [Tally; 2] {
        let of = |base: Option<&str>| match (self.decisions, base) {
            (Some(decisions), Some(base)) => decisions.tally(base, tried),
            _ => Tally::default(),
        };
        [of(self.http.as_deref()), of(self.tcp.then_some("tcp.rbac."))]
    }
}

impl Decisions {
    fn tally(&self, base: &str, tried: &str) -> Tally {
        let dry = if tried.is_empty() {
            base.to_owned()
        } else {
            format!("{base}{tried}.")
        };
        Tally {
            allowed: self.figure(format!("{base}allowed")),
            denied: self.figure(format!("{base}denied")),
            would_allow: self.figure(format!("{dry}shadow_allowed")),
            would_deny: self.figure(format!("{dry}shadow_denied")),
        }
    }

    fn figure(&self, name: String) -> Arc<AtomicU64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&name).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, figure| figure.strong_count() > 0);
        let figure = Arc::default();
        all.insert(name, Arc::downgrade(&figure));
        figure
    }

    /// All of them, in order of their names.
    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = all
            .iter()
            .filter_map(|(name, figure)| Some((name.clone(), figure.upgrade()?.load(Ordering::Relaxed))));
        alive.collect()
    }
}

impl Tally {
    pub(crate) fn decided(&self, allowed: bool) {
        let figure = if allowed { &self.allowed } else { &self.denied };
        figure.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn would(&self, allow: bool) {
        let figure = if allow {
            &self.would_allow
        } else {
            &self.would_deny
        };
        figure.fetch_add(1, Ordering::Relaxed);
    }
}

/// As Prometheus is told of them.
#[derive(Debug)]
pub(super) struct Told(pub(super) Arc<Decisions>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut families: BTreeMap<String, Vec<(Labels, u64)>> = BTreeMap::new();
        for (name, value) in self.0.all() {
            let (family, labels) = tagged(&name);
            families.entry(family).or_default().push((labels, value));
        }
        for (family, all) in families {
            // Envoy's figures have no `_total` behind their names.
            let mut metric =
                encoder.encode_descriptor(&family, "Decisions of policies", None, MetricType::Unknown)?;
            for (labels, value) in all {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

type Labels = Vec<(&'static str, String)>;

/// What Istio's agent has Envoy take out of a figure's name (istio `tools/packaging/common/envoy_bootstrap.json`).
fn tagged(name: &str) -> (String, Labels) {
    let mut labels = Labels::new();
    let (mut family, prefix, rest) = match name.split_once(";.rbac.") {
        Some((manager, rest)) => {
            let prefix = manager.strip_prefix("http.").unwrap_or(manager);
            labels.push(("http_conn_manager_prefix", prefix.to_owned()));
            ("envoy_http_rbac".to_owned(), None, rest)
        }
        None => {
            let rest = name.trim_start_matches("tcp.rbac.");
            ("envoy_tcp".to_owned(), Some("rbac"), rest)
        }
    };
    let (tried, last) = match rest.rsplit_once('.') {
        Some((tried, last)) => (Some(tried), last),
        None => (None, rest),
    };
    match tried {
        Some("istio_dry_run_allow_") => labels.push(("authz_dry_run_action", "allow".to_owned())),
        Some("istio_dry_run_deny_") => labels.push(("authz_dry_run_action", "deny".to_owned())),
        Some(other) if prefix.is_none() => family = format!("{family}_{other}"),
        _ => {}
    }
    // The whole of it, as it comes out of a pattern that was meant for other figures.
    if let Some(prefix) = prefix {
        let prefix: Vec<&str> = std::iter::once(prefix).chain(tried).collect();
        labels.push(("tcp_prefix", prefix.join(".")));
    }
    match last.strip_prefix("shadow_") {
        Some(result) => labels.push(("authz_dry_run_result", result.to_owned())),
        None => labels.push(("authz_enforce_result", last.to_owned())),
    }
    labels.sort();
    (family, labels)
}
