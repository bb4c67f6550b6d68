//! `envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`.

use mesh_wire::authorizer::Authorizer;
use mesh_wire::jwt::Jwt;
use mesh_wire::policy::PolicySet;
use mesh_wire::route::RouteTable;
use mesh_wire::telemetry::Side;
use serde_json::json;

use super::{log, metrics, tracing};
use crate::authorizer::{self, Asked};
use crate::cluster::typed_struct;
use crate::reader::Reader;
use crate::translate::Parts;
use crate::{jwt, policy, route};

/// What it says.
pub(super) struct Http {
    pub(super) routes: Routes,
    pub(super) policy: PolicySet,
    pub(super) jwt: Vec<Jwt>,
    pub(super) authorizers: Vec<Authorizer>,
}

/// Where its routes are.
pub(super) enum Routes {
    /// They come apart, by this name.
    Named(String),
    Here(RouteTable),
}

pub(super) fn read(parts: &mut Parts, mut http: Reader<'_>, side: Side) -> Http {
    built_in(&mut http);
    log::read(parts, &mut http, side, log::Of::Traffic);
    if let Some(spans) = http.message("tracing") {
        tracing::read(parts, spans);
    }
    let routes = routes(&mut http);
    let mut read = Http {
        routes,
        policy: PolicySet::default(),
        jwt: Vec::new(),
        authorizers: Vec::new(),
    };
    let mut asked = Asked::default();
    let mut counted = false;
    for mut filter in http.messages("http_filters") {
        filter.skip("name");
        // What is not known is told whether it may be left out or not.
        filter.skip("is_optional");
        let Some(config) = filter.message("typed_config") else {
            continue;
        };
        if config.is("http.rbac.v3.RBAC") && authorizer::is_note(&config) {
            asked.note(config, &mut read.policy);
        } else if config.is("http.ext_authz.v3.ExtAuthz") {
            asked.add(config);
        } else if config.is("http.rbac.v3.RBAC") {
            policy::add(&mut read.policy, config);
        } else if config.is("JwtAuthentication") {
            read.jwt.extend(jwt::read(config));
        } else if config.is("stats.PluginConfig") {
            counted = true;
            metrics::read(parts, config, side);
        } else {
            always(config);
        }
    }
    metrics::seen(parts, side, counted);
    read.authorizers = asked.end(&http);
    read
}

fn routes(http: &mut Reader<'_>) -> Routes {
    if let Some(mut asked) = http.message("rds") {
        asked.skip("config_source");
        return Routes::Named(asked.text("route_config_name"));
    }
    let here = http.message("route_config").map(route::table);
    Routes::Here(here.unwrap_or_default())
}

/// What Istio sets on every one, and the proxy does anyway.
fn built_in(http: &mut Reader<'_>) {
    http.skip("stat_prefix");
    let certificate = json!({"subject": true, "dns": true, "uri": true});
    let uuid = "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig";
    let request_id = json!({"typed_config": {"@type": uuid, "use_request_id_for_trace_sampling": true}});
    let said = [
        ("codec_type", json!("AUTO")),
        ("server_name", json!("istio-envoy")),
        ("stream_idle_timeout", json!("0s")),
        ("use_remote_address", json!(false)),
        ("forward_client_cert_details", json!("APPEND_FORWARD")),
        ("set_current_client_cert_details", certificate),
        ("proxy_100_continue", json!(true)),
        ("upgrade_configs", json!([{"upgrade_type": "websocket"}])),
        ("normalize_path", json!(true)),
        ("path_with_escaped_slashes_action", json!("KEEP_UNCHANGED")),
        ("request_id_extension", request_id),
    ];
    for (name, value) in said {
        http.given(name, &[value]);
    }
    // Of ports that speak HTTP/2; what it would set is told.
    http.message("http2_protocol_options");
}

/// Filters that Istio puts into every chain and the proxy has built in; others are told.
fn always(mut config: Reader<'_>) {
    if let Some((kind, mut value)) = typed_struct(&mut config) {
        if kind == "io.istio.http.peer_metadata.Config" {
            let ways = [
                json!([{"istio_headers": {}}, {"workload_discovery": {}}]),
                json!([{"istio_headers": {}}]),
            ];
            for name in ["downstream_discovery", "upstream_discovery"] {
                value.given_under(name, &ways);
            }
            for name in ["downstream_propagation", "upstream_propagation"] {
                value.given_under(name, &ways[1..]);
            }
        } else {
            value.refuse_all(&kind, "a filter that is not known");
        }
        return;
    }
    if config.is("grpc_stats.v3.FilterConfig") {
        config.given("emit_filter_state", &[json!(true)]);
        config.given("stats_for_all_methods", &[json!(false)]);
    } else if config.is("alpn.v2alpha1.FilterConfig") {
        config.given("alpn_override", &[alpn()]);
    } else if !["fault.v3.HTTPFault", "cors.v3.Cors", "router.v3.Router"]
        .iter()
        .any(|end| config.is(end))
    {
        config.refuse_all("a filter that is not known");
    }
    // What filters of routes say by themselves is left over, where it is anything.
}

/// What is offered to peers by the version of HTTP (Istio `pilot/pkg/xds/filters/filters.go`).
fn alpn() -> serde_json::Value {
    json!([
        {"alpn_override": ["istio-http/1.0", "istio", "http/1.0"]},
        {"upstream_protocol": "HTTP11", "alpn_override": ["istio-http/1.1", "istio", "http/1.1"]},
        {"upstream_protocol": "HTTP2", "alpn_override": ["istio-h2", "istio", "h2"]},
    ])
}
