//! `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`.

use mesh_wire::cluster::{HttpVersion, Limits, Ping};
use serde_json::json;

use crate::reader::Reader;

/// What they say.
#[derive(Default)]
pub(super) struct Options {
    pub(super) http: HttpVersion,
    pub(super) limits: Limits,
    /// TLS asks for the name of the request.
    pub(super) auto_sni: bool,
    /// Statuses that count as failures of an endpoint.
    pub(super) statuses: Vec<u16>,
}

pub(super) fn read(cluster: &mut Reader<'_>) -> Options {
    let mut read = Options::default();
    for (_, mut options) in cluster.map("typed_extension_protocol_options") {
        if !options.is("upstreams.http.v3.HttpProtocolOptions") {
            options.refuse_all("options of a protocol that is not known");
            continue;
        }
        if let Some(mut common) = options.message("common_http_protocol_options") {
            read.limits.idle_timeout = common.span("idle_timeout");
            read.limits.connection_age = common.span("max_connection_duration");
            read.limits.requests_per_connection = common.number("max_requests_per_connection");
        }
        if let Some(explicit) = options.message("explicit_http_config") {
            let has_http2 = explicit.has("http2_protocol_options");
            read.http = if has_http2 {
                HttpVersion::Http2
            } else {
                HttpVersion::Http1
            };
            versions(explicit, &mut read.limits);
        }
        if let Some(as_client) = options.message("use_downstream_protocol_config") {
            read.http = HttpVersion::AsClient;
            versions(as_client, &mut read.limits);
        }
        if let Some(mut upstream) = options.message("upstream_http_protocol_options") {
            read.auto_sni = upstream.flag("auto_sni").unwrap_or_default();
            // A server whose names are not said must have the one that was asked for.
            upstream.given("auto_san_validation", &[json!(true)]);
        }
        read.statuses = statuses(&mut options);
    }
    read
}

fn versions(mut versions: Reader<'_>, limits: &mut Limits) {
    drop(versions.message("http_protocol_options"));
    let Some(mut http2) = versions.message("http2_protocol_options") else {
        return;
    };
    limits.streams = http2.number("max_concurrent_streams");
    limits.ping = http2.message("connection_keepalive").and_then(|mut keepalive| {
        Some(Ping {
            interval: keepalive.span("interval")?,
            timeout: keepalive.span("timeout").unwrap_or_default(),
        })
    });
}

/// The statuses of a matcher as Istio writes it: one rule a status, any of them.
fn statuses(options: &mut Reader<'_>) -> Vec<u16> {
    let Some(mut detection) = options.message("outlier_detection") else {
        return Vec::new();
    };
    let Some(mut matcher) = detection.message("error_matcher") else {
        return Vec::new();
    };
    let rules = match matcher.message("or_match") {
        Some(mut any) => any.messages("rules"),
        None => vec![matcher],
    };
    rules.into_iter().filter_map(status).collect()
}

fn status(mut rule: Reader<'_>) -> Option<u16> {
    let mut headers = rule.message("http_response_headers_match")?;
    let mut header = headers.messages("headers").into_iter().next()?;
    header.given("name", &[json!(":status")]);
    header.message("string_match")?.text("exact").parse().ok()
}
