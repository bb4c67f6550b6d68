use super::index::{Index, MONITORING};
use crate::diag::{Diagnostic, Sink, code};

/// Metrics of the proxy are on ports of the proxy.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let lists = [
        ("ServiceMonitor", "endpoints"),
        ("PodMonitor", "podMetricsEndpoints"),
    ];
    for (kind, list) in lists {
        for endpoint in index
            .kind(MONITORING, kind)
            .flat_map(|monitor| monitor.items(&["spec", list]))
        {
            let path = endpoint
                .field_text("path")
                .filter(|path| path.value == "/stats/prometheus");
            let port = endpoint
                .field_text("port")
                .or_else(|| endpoint.field_text("targetPort"));
            let (Some(path), Some(port)) = (path, port) else {
                continue;
            };
            let of_proxy = ["15090", "15020"].contains(&port.value.as_str())
                || port.value.contains("envoy")
                || port.value.contains("prom")
                || port.value.contains("stats")
                || port.value.contains("proxy");
            if of_proxy || endpoint.entry("relabelings").is_some() {
                continue;
            }
            let message = format!(
                "`/stats/prometheus` is the proxy's, and the port `{}` the application's",
                port.value
            );
            sink.push(
                Diagnostic::new(&code::SCRAPE_PORT, path.span, message)
                    .label(port.span, "the application answers here")
                    .help("scrape port 15020 with this path for both, or 15090 for the proxy; `/metrics` is the application's"),
            );
        }
    }
}
