//! Access logs (`envoy.config.accesslog.v3`, Istio `pilot/pkg/model/telemetry_logging.go`).

use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::snapshot::{AccessLog, Telemetry};
use mesh_wire::telemetry::{AccessLogOptions, AnotherLog, ISTIO_LINE, Side, istio_fields};
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

/// The logs of the whole proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Logs {
    said: BTreeMap<Side, Vec<AnotherLog>>,
    /// Sides with traffic that is written down, and with such that is not.
    with: BTreeSet<Side>,
    without: BTreeSet<Side>,
}

impl Logs {
    pub(crate) fn end(mut self, telemetry: &mut Telemetry) {
        let silent: BTreeSet<_> = self.without.difference(&self.with).copied().collect();
        self.said.retain(|side, _| !silent.contains(side));
        let mut sides = self.said.into_iter();
        let (first, second) = (sides.next(), sides.next());
        let mut all: Vec<AnotherLog> = match (first, second) {
            // Of the other side nothing is known.
            (Some((_, logs)), None) if silent.is_empty() => logs,
            (Some((_, logs)), Some((_, others))) if logs == others => logs,
            (first, second) => {
                let at = |(side, logs): (Side, Vec<AnotherLog>)| {
                    logs.into_iter().map(move |mut log| {
                        log.options.at = Some(side);
                        log
                    })
                };
                first.into_iter().chain(second).flat_map(at).collect()
            }
        };
        if all.is_empty() {
            return;
        }
        let first = all.remove(0);
        telemetry.access_log = Some(first.form);
        telemetry.access_log_options = first.options;
        telemetry.more_access_logs = all;
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
    let mut new: Vec<AnotherLog> = Vec::new();
    for mut log in all {
        log.skip("name");
        let filter = log.message("filter").and_then(|filter| expression(filter, of));
        let Some(config) = log.message("typed_config") else {
            continue;
        };
        if let Some((form, options)) = said(config, filter) {
            new.push(AnotherLog { form, options });
        }
    }
    if new.is_empty() {
        return;
    }
    let held = parts.logs.said.entry(side).or_insert_with(|| new.clone());
    // What a listener writes of what nobody takes is without the filter.
    let bare = |logs: &[AnotherLog]| {
        let mut logs = logs.to_vec();
        for log in &mut logs {
            log.options.filter = None;
        }
        logs
    };
    let same = match of {
        Of::Listener => bare(held) == bare(&new),
        Of::Traffic => *held == new,
    };
    if of == Of::Traffic && *held == bare(&new) {
        *held = new;
    } else if !same {
        from.tell(
            "access_log",
            &json!(new),
            "the proxy writes the logs of one side alike, as the first of it says",
        );
    }
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
        format.skip("formatters");
        format.skip("json_format_options");
        format.given("omit_empty_values", &[json!(false)]);
        if let Some(mut fields) = format.structure("json_format") {
            options.fields = texts(fields.take_all());
            if options.fields == istio_fields() {
                options.fields.clear();
            }
            return Some((AccessLog::Json, options));
        }
        let text = format
            .message("text_format_source")
            .map(|mut source| source.text("inline_string"));
        let text = text.unwrap_or_else(|| format.text("text_format"));
        return Some((line(text), options));
    }
    if config.is("OpenTelemetryAccessLogConfig") {
        return told(config, options);
    }
    config.refuse_all("a log that is not known");
    None
}

/// `None` is Istio's.
fn line(text: String) -> AccessLog {
    AccessLog::Text(Some(text).filter(|text| text != ISTIO_LINE))
}

/// What a collector is told (istio `buildOpenTelemetryAccessLogConfig`).
fn told(mut config: Reader<'_>, mut options: AccessLogOptions) -> Option<(AccessLog, AccessLogOptions)> {
    let mut common = config.message("common_config");
    let service = common.as_mut().and_then(|common| {
        common.skip("transport_api_version");
        // Only resources that are not told have it, and Envoy looks for states elsewhere.
        common.skip("log_name");
        common.skip("filter_state_objects_to_log");
        common.message("grpc_service")
    });
    let service = service.or_else(|| config.message("grpc_service"));
    config.given("disable_builtin_labels", &[json!(true)]);
    // What a formatter is needed for stands in the format.
    config.skip("formatters");
    options.cluster = service.and_then(collector);
    let form = config
        .message("body")
        .map_or(AccessLog::Text(Some(String::new())), |mut body| {
            line(body.text("string_value"))
        });
    if let Some(mut attributes) = config.message("attributes") {
        let pairs = attributes.messages("values").into_iter().map(|mut pair| {
            let value = pair.message("value").map(|mut value| value.text("string_value"));
            (pair.text("key"), value.unwrap_or_default())
        });
        options.fields = pairs.collect();
    }
    // Istio's own fields beside Istio's own line are what a JSON log is without fields.
    if form == AccessLog::Text(None) && !options.fields.is_empty() {
        if options.fields == istio_fields() {
            options.fields.clear();
        }
        return options.cluster.is_some().then_some((AccessLog::Json, options));
    }
    options.cluster.is_some().then_some((form, options))
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
