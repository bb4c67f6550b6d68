//! The connection managers of HTTP, and the access log.

use serde_json::{Value, json};

use super::{ACCESS_LOG, extension};

/// Which way requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the application beside.
    Inbound,
    /// From it.
    Outbound,
}

/// A connection manager with `filters` before the router.
pub(super) fn manager(name: &str, routes: Value, mut filters: Vec<Value>, direction: Direction) -> Value {
    filters.push(extension(
        "envoy.filters.http.router",
        "filters.http.router.v3.Router",
        json!({}),
    ));
    let mut fields = json!({
        "stat_prefix": name,
        "route_config": routes,
        "http_filters": filters,
        "access_log": access_log(direction),
        "stream_idle_timeout": "0s",
        "use_remote_address": false,
        "proxy_100_continue": true,
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "normalize_path": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
    });
    if direction == Direction::Inbound {
        fields["server_name"] = "istio-envoy".into();
        // Adds `By=…;Hash=…;Subject=…;URI=…` for the client at the other end of the mutual TLS.
        fields["forward_client_cert_details"] = "APPEND_FORWARD".into();
        fields["set_current_client_cert_details"] = json!({ "subject": true, "dns": true, "uri": true });
    }
    let kind = "filters.network.http_connection_manager.v3.HttpConnectionManager";
    extension("envoy.filters.network.http_connection_manager", kind, fields)
}

/// A line of JSON for every request or connection, with Istio's keys.
pub(super) fn access_log(direction: Direction) -> Value {
    let format = json!({
        "start_time": "%START_TIME%",
        "direction": if direction == Direction::Inbound { "inbound" } else { "outbound" },
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "authority": "%REQ(:AUTHORITY)%",
        "protocol": "%PROTOCOL%",
        "response_code": "%RESPONSE_CODE%",
        "response_code_details": "%RESPONSE_CODE_DETAILS%",
        "response_flags": "%RESPONSE_FLAGS%",
        "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
        "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
        "upstream_host": "%UPSTREAM_HOST%",
        "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
        "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
        "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
        "downstream_peer_uri_san": "%DOWNSTREAM_PEER_URI_SAN%",
        "downstream_transport_failure_reason": "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
        "requested_server_name": "%REQUESTED_SERVER_NAME%",
        "x_forwarded_client_cert": "%REQ(X-FORWARDED-CLIENT-CERT)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "duration": "%DURATION%",
    });
    let fields = json!({ "path": ACCESS_LOG, "log_format": { "json_format": format } });
    json!([extension(
        "envoy.access_loggers.file",
        "access_loggers.file.v3.FileAccessLog",
        fields
    )])
}
