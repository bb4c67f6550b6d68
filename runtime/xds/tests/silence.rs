//! Nothing is dropped in silence: whatever is changed in what a real istiod sent, the translation changes, or says so.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: they read the disk and may panic"
)]

mod change;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use change::{Place, changed, places};
use mesh_xds::{Message, Response, translate};

/// Fields that say nothing to a data plane of ours, and why, by the type of their message; `+` is a field of it that
/// nobody knows.
const SILENT: &[(&str, &[(&str, &str)])] = &[
    (
        "names of statistics, which the proxy makes of what it knows",
        &[
            ("envoy.config.cluster.v3.Cluster", "alt_stat_name"),
            (
                "envoy.extensions.filters.http.rbac.v3.RBAC",
                "shadow_rules_stat_prefix",
            ),
            (
                "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix",
            ),
            (
                "envoy.extensions.filters.network.rbac.v3.RBAC",
                "shadow_rules_stat_prefix",
            ),
            ("envoy.extensions.filters.network.rbac.v3.RBAC", "stat_prefix"),
            (
                "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                "stat_prefix",
            ),
        ],
    ),
    (
        "names of extensions, which their configuration's type says",
        &[
            ("envoy.config.accesslog.v3.AccessLog", "name"),
            ("envoy.config.cluster.v3.Cluster.TransportSocketMatch", "name"),
            ("envoy.config.cluster.v3.Filter", "name"),
            ("envoy.config.core.v3.TransportSocket", "name"),
            ("envoy.config.core.v3.TypedExtensionConfig", "name"),
            ("envoy.config.listener.v3.Filter", "name"),
            ("envoy.config.listener.v3.ListenerFilter", "name"),
            ("envoy.config.route.v3.RetryPolicy.RetryHostPredicate", "name"),
            (
                "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
                "name",
            ),
        ],
    ),
    (
        "where resources and secrets are fetched, which whoever fetches them knows",
        &[
            ("envoy.config.core.v3.AggregatedConfigSource", "+"),
            ("envoy.config.core.v3.ApiConfigSource", "+"),
            ("envoy.config.core.v3.ApiConfigSource", "api_type"),
            (
                "envoy.config.core.v3.ApiConfigSource",
                "set_node_on_first_message_only",
            ),
            ("envoy.config.core.v3.ApiConfigSource", "transport_api_version"),
            ("envoy.config.core.v3.ConfigSource", "+"),
            ("envoy.config.core.v3.ConfigSource", "initial_fetch_timeout"),
            ("envoy.config.core.v3.ConfigSource", "resource_api_version"),
            ("envoy.config.core.v3.GrpcService", "+"),
            ("envoy.config.core.v3.GrpcService.EnvoyGrpc", "+"),
            ("envoy.config.core.v3.GrpcService.EnvoyGrpc", "cluster_name"),
            ("envoy.service.discovery.v3.DiscoveryResponse", "nonce"),
            ("envoy.service.discovery.v3.DiscoveryResponse", "type_url"),
            ("envoy.service.discovery.v3.DiscoveryResponse", "version_info"),
        ],
    ),
    (
        "how names are looked up: their time to live counts, with some jitter, in the families that the machine has",
        &[
            ("envoy.config.cluster.v3.Cluster", "dns_jitter"),
            ("envoy.config.cluster.v3.Cluster", "dns_lookup_family"),
            (
                "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
                "udp_max_queries",
            ),
        ],
    ),
    (
        "how Envoy keeps and reads sockets",
        &[
            ("envoy.config.cluster.v3.Cluster", "cleanup_interval"),
            (
                "envoy.config.listener.v3.Listener",
                "max_connections_to_accept_per_socket_event",
            ),
            (
                "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
                "initial_read_buffer_size",
            ),
        ],
    ),
    (
        "ports whose connections nobody looks into: the protocols of their chains say so too",
        &[
            ("envoy.config.listener.v3.ListenerFilterChainMatchPredicate", "+"),
            ("envoy.type.v3.Int32Range", "+"),
            ("envoy.type.v3.Int32Range", "end"),
            ("envoy.type.v3.Int32Range", "start"),
        ],
    ),
    (
        "weights of places where endpoints are weighed, as Envoy has it",
        &[(
            "envoy.config.endpoint.v3.LocalityLbEndpoints",
            "load_balancing_weight",
        )],
    ),
    (
        "how spans are called, and what tells in them of the workload: the proxy has both of its own",
        &[
            ("envoy.config.route.v3.Decorator", "+"),
            ("envoy.config.route.v3.Decorator", "operation"),
            ("envoy.type.metadata.v3.MetadataKey", "+"),
            ("envoy.type.metadata.v3.MetadataKey", "key"),
            ("envoy.type.metadata.v3.MetadataKey.PathSegment", "+"),
            ("envoy.type.metadata.v3.MetadataKey.PathSegment", "key"),
            ("envoy.type.metadata.v3.MetadataKind", "+"),
            ("envoy.type.metadata.v3.MetadataKind.Request", "+"),
            ("envoy.type.tracing.v3.CustomTag", "+"),
            ("envoy.type.tracing.v3.CustomTag", "tag"),
            ("envoy.type.tracing.v3.CustomTag.Literal", "+"),
            ("envoy.type.tracing.v3.CustomTag.Literal", "value"),
            ("envoy.type.tracing.v3.CustomTag.Metadata", "+"),
        ],
    ),
];

/// So many places of a field are tried: one may stand where it cannot matter, such as a bound of nobody's cluster.
const TRIED: usize = 4;

#[test]
fn every_change_is_seen_or_told() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let sent = sent::responses(&folder).map(|response| response.message().clone());
    let before = said(&sent);
    let mut by_field: BTreeMap<(String, String), Vec<Place>> = BTreeMap::new();
    for (index, response) in sent.iter().enumerate() {
        places(response, index, &mut |field, place| {
            by_field.entry(field).or_default().push(place);
        });
    }
    assert!(by_field.len() > 200, "{}", by_field.len());
    let silent = by_field.into_iter().filter(|(_, places)| {
        let far = places.len().div_ceil(TRIED);
        let mut tried = places.iter().step_by(far);
        !tried.any(|place| said(&changed(&sent, place)) != before)
    });
    let silent: BTreeSet<_> = silent.map(|(field, _)| field).collect();
    let listed = SILENT.iter().flat_map(|(_, fields)| *fields);
    let listed = listed.map(|(kind, field)| ((*kind).to_owned(), (*field).to_owned()));
    let listed: BTreeSet<_> = listed.collect();
    let text = |all: &BTreeSet<(String, String)>, but: &BTreeSet<(String, String)>| -> String {
        let all = all.difference(but);
        all.map(|(kind, field)| format!("    ({kind:?}, {field:?}),\n"))
            .collect()
    };
    assert!(
        silent == listed,
        "silent and not listed:\n{}listed and not silent:\n{}",
        text(&silent, &listed),
        text(&listed, &silent)
    );
}

/// All that comes of it.
fn said(sent: &[Message]) -> String {
    let translation = translate(sent.iter().cloned().map(Response::of));
    let snapshot = serde_json::to_string(&translation.snapshot).unwrap();
    let names = serde_json::to_string(&translation.names).unwrap();
    format!(
        "{snapshot}{names}{:?}{:?}",
        translation.trust_domains, translation.unsupported
    )
}
