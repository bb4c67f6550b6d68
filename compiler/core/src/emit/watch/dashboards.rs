use serde_json::{Value, json};

use super::targets::JOB;
use crate::emit::document::Object;
use crate::emit::snapshot::SYSTEM_NAMESPACE;

/// A panel: title, Grafana's unit, expression, legend.
type Panel = (&'static str, &'static str, String, &'static str);

/// The dashboards, where Grafana's sidecar looks for them.
pub(super) fn config_map() -> Value {
    let object = Object {
        api: "v1",
        kind: "ConfigMap",
        namespace: Some(SYSTEM_NAMESPACE),
        name: "mesh-dashboards",
    };
    object.with(json!({
        "metadata": { "labels": { "grafana_dashboard": "1" } },
        "data": {
            "mesh-vms.json": text(&dashboard("mesh-vms", "Mesh: virtual machines", "namespace", &machines())),
            "mesh-services.json": text(&dashboard("mesh-services", "Mesh: services", "destination_service_namespace", &services())),
        },
    }))
}

fn text(dashboard: &Value) -> String {
    format!("{dashboard:#}\n")
}

fn machines() -> Vec<Panel> {
    let of = |metric: &str| format!("{metric}{{job=\"{JOB}\",namespace=~\"$namespace\"}}");
    let requests = |more: &str| {
        format!(
            "sum by (vm) (rate(istio_requests_total{{job=\"{JOB}\",namespace=~\"$namespace\",reporter=\"destination\"{more}}}[$__rate_interval]))"
        )
    };
    vec![
        ("Machines that answer", "none", of("up"), "{{vm}}"),
        ("Ready", "none", of("meshd_ready"), "{{vm}}"),
        (
            "Certificate ends in",
            "s",
            of("meshd_certificate_seconds"),
            "{{vm}}",
        ),
        (
            "Memory of meshd",
            "bytes",
            of("meshd_resident_memory_bytes"),
            "{{vm}}",
        ),
        ("Requests to the machine", "reqps", requests(""), "{{vm}}"),
        (
            "5xx of the machine",
            "reqps",
            requests(",response_code=~\"5..\""),
            "{{vm}}",
        ),
        (
            "Bytes received by TCP",
            "Bps",
            format!(
                "sum by (vm) (rate({}[$__rate_interval]))",
                of("istio_tcp_received_bytes_total")
            ),
            "{{vm}}",
        ),
        (
            "DNS questions",
            "reqps",
            format!("rate({}[$__rate_interval])", of("istio_agent_dns_requests_total")),
            "{{vm}}",
        ),
        (
            "DNS questions without an answer",
            "reqps",
            format!(
                "rate({}[$__rate_interval])",
                of("istio_agent_dns_upstream_failures_total")
            ),
            "{{vm}}",
        ),
    ]
}

fn services() -> Vec<Panel> {
    let scope = "reporter=\"destination\",destination_service_namespace=~\"$destination_service_namespace\"";
    let rate = |more: &str| {
        format!(
            "sum by (destination_service_name) (rate(istio_requests_total{{{scope}{more}}}[$__rate_interval]))"
        )
    };
    let quantile = |share: &str| {
        format!(
            "histogram_quantile({share}, sum by (destination_service_name, le) \
             (rate(istio_request_duration_milliseconds_bucket{{{scope}}}[$__rate_interval])))"
        )
    };
    let legend = "{{destination_service_name}}";
    vec![
        ("Requests", "reqps", rate(""), legend),
        (
            "Share that fails with 5xx",
            "percentunit",
            format!("{} / {}", rate(",response_code=~\"5..\""), rate("")),
            legend,
        ),
        ("Duration, median", "ms", quantile("0.5"), legend),
        ("Duration, 99 %", "ms", quantile("0.99"), legend),
        (
            "TCP connections opened",
            "ops",
            format!(
                "sum by (destination_service_name) (rate(istio_tcp_connections_opened_total{{{scope}}}[$__rate_interval]))"
            ),
            legend,
        ),
        (
            "Requests that came without mutual TLS",
            "reqps",
            rate(",connection_security_policy!=\"mutual_tls\""),
            legend,
        ),
    ]
}

/// Two panels a row; a variable chooses the data source, and another the namespaces.
fn dashboard(uid: &str, title: &str, variable: &str, panels: &[Panel]) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let metric = if uid == "mesh-vms" {
        format!("up{{job=\"{JOB}\"}}")
    } else {
        "istio_requests_total".to_owned()
    };
    let panel = |(index, (title, unit, expression, legend)): (usize, &Panel)| {
        json!({
            "id": index + 1,
            "type": "timeseries",
            "title": title,
            "datasource": source,
            "gridPos": { "h": 8, "w": 12, "x": index % 2 * 12, "y": index / 2 * 8 },
            "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
            "targets": [{ "refId": "A", "expr": expression, "legendFormat": legend, "datasource": source }],
        })
    };
    json!({
        "uid": uid,
        "title": title,
        "tags": ["mesh"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": [
            { "name": "datasource", "type": "datasource", "query": "prometheus" },
            {
                "name": variable,
                "type": "query",
                "datasource": source,
                "query": format!("label_values({metric}, {variable})"),
                "multi": true,
                "includeAll": true,
                "allValue": ".*",
                "current": { "text": "All", "value": "$__all" },
                "refresh": 2,
            },
        ] },
        "panels": panels.iter().enumerate().map(panel).collect::<Vec<_>>(),
    })
}
