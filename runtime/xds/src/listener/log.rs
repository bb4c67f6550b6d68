//! Access logs (`envoy.config.accesslog.v3`, Istio `pilot/pkg/model/telemetry_logging.go`).

use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::snapshot::{AccessLog, Telemetry};
use mesh_wire::telemetry::{AccessLogOptions, Side};
use serde_json::{Value as Json, json};

use crate::reader::Reader;
use crate::translate::Parts;

/// Where a log stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// What no chain of a listener takes.
    Listener,
    /// Requests or connections.
    Traffic,
}

/// One log of the whole proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Logs {
    said: Option<(AccessLog, AccessLogOptions)>,
    /// Sides with traffic that is written down, and with such that is not.
    with: BTreeSet<Side>,
    without: BTreeSet<Side>,
}

impl Logs {
    pub(crate) fn end(self, telemetry: &mut Telemetry) {
        let Some((log, mut options)) = self.said else {
            return;
        };
        let mut only = self.with.difference(&self.without).copied();
        options.at = only.next().filter(|_| !self.without.is_empty());
        telemetry.access_log = Some(log);
        telemetry.access_log_options = options;
    }
}

/// Reads the field `access_log` of a listener, of requests or of connections.
pub(super) fn read(parts: &mut Parts, from: &mut Reader<'_>, side: Side, of: Of) {
    let all = from.messages("access_log");
    if of == Of::Traffic {
        let is_hole = from.peek_text("cluster") == Some("BlackHoleCluster");
        match all.is_empty() {
            true if is_hole => {}
            true => _ = parts.logs.without.insert(side),
            false => _ = parts.logs.with.insert(side),
        }
    }
    let mut several = None;
    for mut log in all {
        log.skip("name");
        let filter = log.message("filter").and_then(|filter| expression(filter, of));
        let Some(config) = log.message("typed_config") else {
            continue;
        };
        let Some((form, options)) = said(config, filter) else {
            continue;
        };
        several = Some(join(several, form, options, &log));
    }
    let Some(new) = several else { return };
    let held = parts.logs.said.get_or_insert_with(|| new.clone());
    // What a listener writes of what nobody takes is without the filter.
    let same = held.0 == new.0 && (of == Of::Listener || held.1 == new.1);
    if of == Of::Traffic && held.1.filter.is_none() && new.1.filter.is_some() && held.0 == new.0 {
        *held = new;
    } else if !same {
        from.tell(
            "access_log",
            &json!(new.0),
            "the proxy writes one log, as the first of all says",
        );
    }
}

/// A file and a collector may both be said.
fn join(
    held: Option<(AccessLog, AccessLogOptions)>,
    form: AccessLog,
    options: AccessLogOptions,
    log: &Reader<'_>,
) -> (AccessLog, AccessLogOptions) {
    let Some((before, mut both)) = held else {
        return (form, options);
    };
    let form = match (both.cluster.is_some(), options.cluster.is_some()) {
        (false, true) => {
            both.cluster = options.cluster;
            before
        }
        (true, false) => {
            both.file = options.file;
            both.fields = options.fields;
            form
        }
        _ => {
            log.tell(
                "typed_config",
                &json!(form),
                "the proxy writes one file: the first",
            );
            before
        }
    };
    (form, both)
}

/// The expression of which a request must be true. What has the flag `NR`, a listener writes alone.
fn expression(mut filter: Reader<'_>, of: Of) -> Option<String> {
    if of == Of::Listener {
        filter.given("response_flag_filter", &[json!({"flags": ["NR"]})]);
    }
    if let Some(mut all) = filter.message("and_filter") {
        let each = all.messages("filters").into_iter();
        let each: Vec<_> = each.filter_map(|filter| expression(filter, of)).collect();
        return (!each.is_empty()).then(|| each.join(" && "));
    }
    let mut extension = filter.message("extension_filter")?;
    extension.skip("name");
    let mut config = extension.message("typed_config")?;
    if !config.is("cel.v3.ExpressionFilter") {
        config.refuse_all("a filter that is not known; everything is written");
        return None;
    }
    config.some_text("expression")
}

fn said(mut config: Reader<'_>, filter: Option<String>) -> Option<(AccessLog, AccessLogOptions)> {
    let mut options = AccessLogOptions {
        filter,
        ..AccessLogOptions::default()
    };
    if config.is("file.v3.FileAccessLog") {
        let path = config.text("path");
        options.file = Some(path).filter(|path| path != "/dev/stdout");
        let mut format = config.message("log_format")?;
        // What a formatter is needed for stands in the format.
        for name in ["formatters", "omit_empty_values", "json_format_options"] {
            format.skip(name);
        }
        if let Some(mut fields) = format.structure("json_format") {
            options.fields = texts(fields.take_all());
            if options.fields == istios_fields() {
                options.fields.clear();
            }
            return Some((AccessLog::Json, options));
        }
        let text = format
            .message("text_format_source")
            .map(|mut source| source.text("inline_string"));
        let text = text.unwrap_or_else(|| format.text("text_format"));
        return Some((
            AccessLog::Text(Some(text).filter(|text| text != ISTIOS_LINE)),
            options,
        ));
    }
    if config.is("OpenTelemetryAccessLogConfig") {
        let mut common = config.message("common_config");
        let service = common.as_mut().and_then(|common| {
            common.skip("transport_api_version");
            common.skip("log_name");
            common.message("grpc_service")
        });
        let service = service.or_else(|| config.message("grpc_service"));
        options.cluster = service.and_then(collector);
        // Its records have Istio's fields.
        config.skip("disable_builtin_labels");
        return options
            .cluster
            .is_some()
            .then_some((AccessLog::Text(None), options));
    }
    config.refuse_all("a log that is not known");
    None
}

/// The cluster of a gRPC service.
pub(super) fn collector(mut service: Reader<'_>) -> Option<String> {
    let mut envoy = service.message("envoy_grpc")?;
    // The cluster's own name, unless it is said.
    envoy.skip("authority");
    envoy.some_text("cluster_name")
}

fn texts(fields: serde_json::Map<String, Json>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect()
}

/// Istio's default line (`EnvoyTextLogFormat`).
const ISTIOS_LINE: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
    %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \
    \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
    %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \
    \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% \
    %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/// Istio's default fields (`EnvoyJSONLogFormatIstio`): those of the line, by what they are.
fn istios_fields() -> BTreeMap<String, String> {
    let own = [
        ("method", "REQ(:METHOD)"),
        ("path", "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"),
        ("upstream_service_time", "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)"),
        ("x_forwarded_for", "REQ(X-FORWARDED-FOR)"),
        ("user_agent", "REQ(USER-AGENT)"),
        ("request_id", "REQ(X-REQUEST-ID)"),
        ("authority", "REQ(:AUTHORITY)"),
        ("upstream_cluster", "UPSTREAM_CLUSTER_RAW"),
    ];
    let plain = [
        "start_time",
        "route_name",
        "protocol",
        "response_code",
        "response_flags",
        "response_code_details",
        "connection_termination_details",
        "bytes_received",
        "bytes_sent",
        "duration",
        "upstream_host",
        "upstream_local_address",
        "downstream_local_address",
        "downstream_remote_address",
        "requested_server_name",
        "upstream_transport_failure_reason",
    ];
    let own = own.map(|(name, operator)| (name.to_owned(), format!("%{operator}%")));
    let plain = plain.map(|name| (name.to_owned(), format!("%{}%", name.to_uppercase())));
    own.into_iter().chain(plain).collect()
}
