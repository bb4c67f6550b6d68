//! `/server_info`, `/memory` and `/stats`, in the shapes of Envoy's; and how moments are written.

use std::time::SystemTime;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::daemon::Daemon;

/// Envoy's `envoy.admin.v3.ServerInfo`.
pub(super) fn info(daemon: &Daemon) -> Value {
    let status = daemon.status();
    let state = if daemon.is_draining() {
        "DRAINING"
    } else if status.ready {
        "LIVE"
    } else {
        "INITIALIZING"
    };
    let uptime = format!("{}s", status.uptime.unwrap_or_default());
    json!({
        "version": format!("meshd/{}", crate::run::VERSION), "state": state, "hot_restart_version": "disabled",
        "uptime_current_epoch": uptime, "uptime_all_epochs": uptime,
        "node": daemon.shared.snapshot().and_then(|snapshot| snapshot.node.as_ref().map(|node| json!({ "id": node.id }))),
    })
}

/// Envoy's `envoy.admin.v3.Memory`, bytes; protobuf writes numbers of 64 bits as text. What our allocator does not tell is 0.
pub(super) fn memory() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib: u64 = line
            .and_then(|rest| rest.trim_end_matches("kB").trim().parse().ok())
            .unwrap_or_default();
        (kib * 1024).to_string()
    };
    json!({
        "allocated": bytes("RssAnon:"), "heap_size": bytes("VmData:"), "pageheap_unmapped": "0",
        "pageheap_free": "0", "total_thread_cache": "0", "total_physical_bytes": bytes("VmRSS:"),
    })
}

/// Figures of Prometheus, but that what policies decided is told by the names that Envoy counts it under.
pub(super) fn by_envoys_names(metrics: &str, decisions: &[(String, u64)]) -> String {
    let begins = ["envoy_", "# HELP envoy_", "# TYPE envoy_"];
    let own = |line: &&str| !begins.iter().any(|begin| line.starts_with(begin));
    let mut lines: String = metrics.split_inclusive('\n').filter(own).collect();
    for (name, value) in decisions {
        lines.push_str(&format!("{name} {value}\n"));
    }
    lines
}

/// `NAME: VALUE`, a line a figure: those of Prometheus without what describes them.
pub(super) fn stats(metrics: &str) -> String {
    let samples = samples(metrics).map(|(name, value)| format!("{name}: {value}\n"));
    samples.collect()
}

/// `{"stats": [{"name", "value"}]}`.
pub(super) fn stats_json(metrics: &str) -> Value {
    let told = samples(metrics).map(|(name, value)| {
        let number = value.parse::<u64>().map(Value::from);
        let number = number.or_else(|_| value.parse::<f64>().map(Value::from));
        json!({ "name": name, "value": number.unwrap_or_else(|_| value.into()) })
    });
    json!({ "stats": told.collect::<Value>() })
}

fn samples(metrics: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' '))
}

/// RFC 3339.
pub(super) fn moment(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    let whole = at.replace_millisecond(at.millisecond()).unwrap_or(at);
    whole.format(&Rfc3339).unwrap_or_default()
}

/// The same of seconds since 1970.
pub(super) fn second(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}
