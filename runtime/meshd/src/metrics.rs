//! meshd's own figures, beside those of the proxy.

use std::sync::{Arc, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::daemon::Daemon;

/// Reads the daemon whenever metrics are asked for; it does not keep it alive.
#[derive(Debug)]
struct Figures(Weak<Daemon>);

/// Adds the figures of the daemon to what 15090 tells.
pub(crate) fn register(daemon: &Arc<Daemon>) {
    let figures = Figures(Arc::downgrade(daemon));
    daemon
        .shared
        .telemetry()
        .register(|registry| registry.register_collector(Box::new(figures)));
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Daemon")
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(daemon) = self.0.upgrade() else {
            return Ok(());
        };
        for (name, value) in daemon.dns.stats().counters() {
            let counter = ConstCounter::new(value);
            let name = format!("istio_agent_{}", name.trim_end_matches("_total"));
            let metric = encoder.encode_descriptor(&name, "Questions of DNS", None, MetricType::Counter)?;
            counter.encode(metric)?;
        }
        let given_up = ConstCounter::new(daemon.shared.mirrors_given_up());
        let help = "Mirrored requests that were ended because the mirror was too slow";
        let metric = encoder.encode_descriptor("meshd_mirrors_given_up", help, None, MetricType::Counter)?;
        given_up.encode(metric)?;
        let status = daemon.status();
        let gauges = [
            ("meshd_ready", "It serves", Some(i64::from(status.ready))),
            (
                "meshd_capture_up",
                "The rules that lead traffic here are in place",
                daemon.is_capturing().map(i64::from),
            ),
            (
                "meshd_snapshot_refused",
                "The newest snapshot was refused",
                Some(i64::from(status.snapshot_error.is_some())),
            ),
            (
                "meshd_identity_refused",
                "The newest identity was refused",
                Some(i64::from(status.identity_error.is_some())),
            ),
            (
                "meshd_certificate_seconds",
                "Seconds until the certificate ends",
                status.certificate_seconds,
            ),
            (
                "meshd_resident_memory_bytes",
                "Resident memory",
                status.memory.and_then(|bytes| i64::try_from(bytes).ok()),
            ),
        ];
        for (name, help, value) in gauges {
            let Some(value) = value else { continue };
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)?;
        }
        Ok(())
    }
}
