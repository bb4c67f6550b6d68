use std::collections::BTreeMap;

use mesh_wire::Snapshot;
use mesh_wire::snapshot::{AccessLog, Tracing, TracingProvider};
use mesh_wire::telemetry::{AccessLogOptions, ISTIO_LINE, TraceTag, istio_fields};
use serde_json::{Map, Value, json};

use super::{Export, extension};

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// For applications that call.
    Client,
    /// For those that are called.
    Server,
}

/// What only Istio's own extensions of Envoy have.
pub(super) fn left_out(export: &mut Export<'_>) {
    if export
        .snapshot
        .telemetry
        .as_ref()
        .is_some_and(|telemetry| telemetry.metrics)
    {
        export.left_out.push(
            "Istio's metrics (istio_requests_total and its kin), and what proxies tell each other of themselves: they are \
             extensions of Istio's own Envoy"
                .to_owned(),
        );
    }
}

/// Envoy's access loggers of one side.
pub(super) fn of(snapshot: &Snapshot, side: Side) -> Option<Value> {
    let telemetry = snapshot.telemetry.as_ref()?;
    let own = match side {
        Side::Client => mesh_wire::telemetry::Side::Client,
        Side::Server => mesh_wire::telemetry::Side::Server,
    };
    let told = telemetry
        .logs()
        .filter(|(_, options)| options.at.is_none_or(|at| at == own));
    let loggers: Vec<Value> = told.map(|(form, options)| logger(form, options)).collect();
    (!loggers.is_empty()).then(|| loggers.into())
}

fn logger(form: &AccessLog, options: &AccessLogOptions) -> Value {
    let mut logger = match &options.cluster {
        Some(cluster) => collector(cluster, form, &options.fields),
        None => file(
            options.file.as_deref().unwrap_or("/dev/stdout"),
            form,
            &options.fields,
        ),
    };
    if let Some(expression) = &options.filter {
        let kind = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter";
        let cel = extension(
            "envoy.access_loggers.extension_filters.cel",
            kind,
            json!({ "expression": expression }),
        );
        logger["filter"] = json!({ "extension_filter": cel });
    }
    logger
}

fn fields(own: &BTreeMap<String, String>) -> Map<String, Value> {
    let all = if own.is_empty() {
        istio_fields()
    } else {
        own.clone()
    };
    all.into_iter()
        .map(|(key, format)| (key, format.into()))
        .collect()
}

fn line(form: Option<&str>) -> String {
    let line = form.unwrap_or(ISTIO_LINE);
    if line.ends_with('\n') {
        line.to_owned()
    } else {
        format!("{line}\n")
    }
}

fn file(path: &str, form: &AccessLog, own: &BTreeMap<String, String>) -> Value {
    let mut format = match form {
        AccessLog::Text(text) => json!({ "text_format_source": { "inline_string": line(text.as_deref()) } }),
        AccessLog::Json => json!({ "json_format": fields(own) }),
    };
    needing_formatters(&mut format);
    let kind = "envoy.extensions.access_loggers.file.v3.FileAccessLog";
    extension(
        "envoy.access_loggers.file",
        kind,
        json!({ "path": path, "log_format": format }),
    )
}

/// Formats may have operators that are extensions of Envoy.
fn needing_formatters(config: &mut Value) {
    if config.to_string().contains("%REQ_WITHOUT_QUERY") {
        let kind = "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery";
        config["formatters"] = json!([extension("envoy.formatter.req_without_query", kind, json!({}))]);
    }
}

/// As istiod says it (`buildOpenTelemetryAccessLogConfig`): a body in any case, and attributes where there are fields.
fn collector(cluster: &str, form: &AccessLog, own: &BTreeMap<String, String>) -> Value {
    let body = match form {
        AccessLog::Text(Some(line)) => line,
        AccessLog::Text(None) | AccessLog::Json => ISTIO_LINE,
    };
    let mut config = json!({ "common_config": { "log_name": "otel_envoy_accesslog", "transport_api_version": "V3",
        "grpc_service": { "envoy_grpc": { "cluster_name": cluster, "authority": cluster.rsplit('|').next() } } },
        "disable_builtin_labels": true, "body": { "string_value": body } });
    if *form == AccessLog::Json || !own.is_empty() {
        let values: Vec<Value> = fields(own)
            .into_iter()
            .map(|(key, format)| json!({ "key": key, "value": { "string_value": format } }))
            .collect();
        config["attributes"] = json!({ "values": values });
    }
    needing_formatters(&mut config);
    let kind = "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig";
    extension("envoy.access_loggers.open_telemetry", kind, config)
}

/// Envoy's tracing.
pub(super) fn tracing(snapshot: &Snapshot) -> Option<Value> {
    let tracing: &Tracing = snapshot.telemetry.as_ref()?.tracing.as_ref()?;
    let service = snapshot
        .node
        .as_ref()
        .map(|node| format!("{}.{}", node.workload, node.namespace));
    let provider = match tracing.provider {
        TracingProvider::Zipkin => extension(
            "envoy.tracers.zipkin",
            "envoy.config.trace.v3.ZipkinConfig",
            json!({ "collector_cluster": tracing.cluster, "collector_endpoint": "/api/v2/spans",
                "collector_endpoint_version": "HTTP_JSON", "trace_id_128bit": true, "shared_span_context": false }),
        ),
        TracingProvider::Otlp => extension(
            "envoy.tracers.opentelemetry",
            "envoy.config.trace.v3.OpenTelemetryConfig",
            json!({ "grpc_service": { "envoy_grpc": { "cluster_name": tracing.cluster } }, "service_name": service }),
        ),
    };
    let tags: Vec<Value> = tracing
        .tags
        .iter()
        .map(|(name, tag)| match tag {
            TraceTag::Literal(text) => json!({ "tag": name, "literal": { "value": text } }),
            TraceTag::Header {
                name: header,
                default,
            } => {
                json!({ "tag": name, "request_header": { "name": header, "default_value": default } })
            }
            TraceTag::Environment {
                name: variable,
                default,
            } => {
                json!({ "tag": name, "environment": { "name": variable, "default_value": default } })
            }
        })
        .collect();
    let percent = f64::from(tracing.sampling.0) / 10_000.0;
    Some(
        json!({ "provider": provider, "client_sampling": { "value": 100 }, "overall_sampling": { "value": 100 },
        "random_sampling": { "value": percent }, "custom_tags": tags }),
    )
}
