use mesh_wire::Snapshot;
use mesh_wire::snapshot::{AccessLog, Tracing, TracingProvider};
use mesh_wire::telemetry::TraceTag;
use serde_json::{Map, Value, json};

use super::{Export, extension};

/// Istio's line of text (istio `pilot/pkg/model/telemetry_logging.go`).
const TEXT: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% \
    %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" \
    %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \
    \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
    %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";
/// Istio's object.
const JSON: [(&str, &str); 23] = [
    ("authority", "%REQ(:AUTHORITY)%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    (
        "connection_termination_details",
        "%CONNECTION_TERMINATION_DETAILS%",
    ),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("duration", "%DURATION%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("route_name", "%ROUTE_NAME%"),
    ("start_time", "%START_TIME%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
    (
        "upstream_transport_failure_reason",
        "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    ),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
];

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
    let form = telemetry.access_log.as_ref()?;
    let options = &telemetry.access_log_options;
    let own = match side {
        Side::Client => mesh_wire::telemetry::Side::Client,
        Side::Server => mesh_wire::telemetry::Side::Server,
    };
    if options.at.is_some_and(|at| at != own) {
        return None;
    }
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
    Some(json!([logger]))
}

fn fields(own: &std::collections::BTreeMap<String, String>) -> Map<String, Value> {
    if own.is_empty() {
        return JSON
            .iter()
            .map(|(key, format)| ((*key).to_owned(), (*format).into()))
            .collect();
    }
    own.iter()
        .map(|(key, format)| (key.clone(), format.as_str().into()))
        .collect()
}

fn line(form: Option<&str>) -> String {
    let line = form.unwrap_or(TEXT);
    if line.ends_with('\n') {
        line.to_owned()
    } else {
        format!("{line}\n")
    }
}

fn file(path: &str, form: &AccessLog, own: &std::collections::BTreeMap<String, String>) -> Value {
    let mut format = match form {
        AccessLog::Text(text) => json!({ "text_format_source": { "inline_string": line(text.as_deref()) } }),
        AccessLog::Json => json!({ "json_format": fields(own) }),
    };
    if format.to_string().contains("%REQ_WITHOUT_QUERY") {
        let kind = "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery";
        format["formatters"] = json!([extension("envoy.formatter.req_without_query", kind, json!({}))]);
    }
    let kind = "envoy.extensions.access_loggers.file.v3.FileAccessLog";
    extension(
        "envoy.access_loggers.file",
        kind,
        json!({ "path": path, "log_format": format }),
    )
}

fn collector(cluster: &str, form: &AccessLog, own: &std::collections::BTreeMap<String, String>) -> Value {
    let mut config = json!({ "common_config": { "log_name": "otel_envoy_accesslog", "transport_api_version": "V3",
        "grpc_service": { "envoy_grpc": { "cluster_name": cluster } } } });
    match form {
        AccessLog::Text(text) => config["body"] = json!({ "string_value": line(text.as_deref()).trim_end() }),
        AccessLog::Json => {
            let values: Vec<Value> = fields(own)
                .into_iter()
                .map(|(key, format)| json!({ "key": key, "value": { "string_value": format } }))
                .collect();
            config["attributes"] = json!({ "values": values });
        }
    }
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
