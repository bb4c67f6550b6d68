use mesh_wire::listener::InboundListener;
use mesh_wire::route::RouteTable;
use serde_json::{Value, json};

use super::log::{self, Side};
use super::{Export, authorizer, extension, jwt, policy, route};

/// Requests of one listener.
pub(super) struct Http<'a> {
    pub(super) side: Side,
    name: &'a str,
    routes: Routes<'a>,
    /// The client speaks HTTP/2.
    pub(super) http2: bool,
}

enum Routes<'a> {
    /// By name, as applications' requests go.
    Table(&'a str),
    /// To what this machine serves.
    Own(&'a InboundListener),
}

impl<'a> Http<'a> {
    pub(super) fn outbound(name: &'a str, table: &'a str, http2: bool) -> Self {
        Self {
            side: Side::Client,
            name,
            routes: Routes::Table(table),
            http2,
        }
    }

    pub(super) fn inbound(wire: &'a InboundListener) -> Self {
        Self {
            side: Side::Server,
            name: &wire.name,
            routes: Routes::Own(wire),
            http2: false,
        }
    }
}

/// Envoy's `HttpConnectionManager`, as istiod configures it.
pub(super) fn of(export: &mut Export<'_>, http: &Http<'_>) -> Value {
    let (table, filters) = match http.routes {
        Routes::Table(name) => {
            let empty = RouteTable::default();
            let table = export.snapshot.routes.get(name).unwrap_or(&empty);
            (route::table(export, http, name, table), filters(Vec::new()))
        }
        Routes::Own(wire) => {
            let table = match &wire.routes {
                Some(table) => route::table(export, http, &wire.name, table),
                None => route::all_to(&wire.name, &wire.cluster),
            };
            let mut first: Vec<Value> = authorizer::http(wire);
            first.extend(jwt::filter(export, wire));
            first.extend(policy::http(wire));
            (table, filters(first))
        }
    };
    let figures = match http.routes {
        Routes::Table(_) => format!("outbound_{};", http.name),
        Routes::Own(wire) => wire.manager(),
    };
    let mut config = json!({
        "stat_prefix": figures, "route_config": table, "http_filters": filters,
        "stream_idle_timeout": "0s", "use_remote_address": false, "proxy_100_continue": true,
        "normalize_path": true, "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "request_id_extension": { "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            "use_request_id_for_trace_sampling": true } },
        "access_log": log::of(export.snapshot, http.side),
        "tracing": log::tracing(export.snapshot),
    });
    if http.side == Side::Server {
        config["server_name"] = "istio-envoy".into();
        config["forward_client_cert_details"] = "APPEND_FORWARD".into();
        config["set_current_client_cert_details"] = json!({ "subject": true, "dns": true, "uri": true });
    }
    let kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    extension("envoy.filters.network.http_connection_manager", kind, config)
}

fn filters(mut first: Vec<Value>) -> Vec<Value> {
    let filter = |name: &str, kind: &str| {
        let kind = format!("envoy.extensions.filters.http.{name}.v3.{kind}");
        extension(&format!("envoy.filters.http.{name}"), &kind, json!({}))
    };
    first.extend([
        filter("set_filter_state", "Config"),
        filter("fault", "HTTPFault"),
        filter("cors", "Cors"),
        filter("router", "Router"),
    ]);
    first
}
