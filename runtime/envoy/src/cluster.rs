use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, Cluster, Discovery, HttpVersion, Limits, Outliers, Transport};
use serde_json::{Value, json};

use super::{Export, endpoint, time, tls};

/// No bound, as istiod says it.
const UNBOUNDED: u32 = u32::MAX;

/// Envoy's `Cluster`.
pub(super) fn of(export: &mut Export<'_>, name: &str, cluster: &Cluster) -> Value {
    let mut own = json!({
        "name": name, "connect_timeout": time(cluster.connect_timeout.max(Millis(1))),
        "common_lb_config": { "healthy_panic_threshold": { "value": cluster.panic_threshold } },
        "circuit_breakers": { "thresholds": [breakers(&cluster.limits)] },
        "outlier_detection": cluster.outliers.as_ref().map(outliers),
    });
    discovery(export, &mut own, cluster);
    balance(export, &mut own, name, cluster);
    let listed = matches!(
        cluster.discovery,
        Discovery::Listed | Discovery::StrictDns | Discovery::LogicalDns
    );
    if listed {
        own["load_assignment"] = endpoint::all(export, name, cluster);
        if matches!(
            cluster.locality,
            mesh_wire::cluster::LocalityPolicy::Distribute(_)
        ) {
            own["common_lb_config"]["locality_weighted_lb_config"] = json!({});
        }
    }
    tls::upstream(export, &mut own, name, cluster);
    own["typed_extension_protocol_options"] = protocol(cluster);
    if let Some(address) = cluster.source_address {
        own["upstream_bind_config"] =
            json!({ "source_address": { "address": address.to_string(), "port_value": 0 } });
    }
    if let Some(keepalive) = &cluster.keepalive {
        own["upstream_connection_options"] = json!({ "tcp_keepalive": { "keepalive_time": keepalive.time,
            "keepalive_interval": keepalive.interval, "keepalive_probes": keepalive.probes } });
    }
    own
}

fn discovery(export: &Export<'_>, own: &mut Value, cluster: &Cluster) {
    let names = cluster.endpoints.iter().flat_map(|place| &place.endpoints);
    let named = names
        .clone()
        .any(|endpoint| endpoint.address.parse::<std::net::IpAddr>().is_err());
    own["type"] = match cluster.discovery {
        Discovery::Listed | Discovery::BlackHole if !named => "STATIC",
        Discovery::Listed | Discovery::BlackHole | Discovery::StrictDns => "STRICT_DNS",
        // Envoy looks up one name.
        Discovery::LogicalDns if names.count() == 1 => "LOGICAL_DNS",
        Discovery::LogicalDns => "STRICT_DNS",
        Discovery::OriginalDestination => "ORIGINAL_DST",
    }
    .into();
    if cluster.discovery == Discovery::OriginalDestination {
        own["original_dst_lb_config"] = json!({ "upstream_port_override": cluster.port_override });
    } else if own["type"] != "STATIC" {
        own["dns_lookup_family"] = families(export).into();
        own["respect_dns_ttl"] = true.into();
        own["dns_refresh_rate"] = time(
            cluster
                .name_refresh
                .unwrap_or(Millis::from_secs(60))
                .max(Millis(2)),
        )
        .into();
    }
}

/// Those of the machine's own addresses, as istiod has it.
fn families(export: &Export<'_>) -> &'static str {
    let own = export.snapshot.node.iter().flat_map(|node| &node.addresses);
    match (
        own.clone().any(|ip| ip.is_ipv4()),
        own.clone().any(|ip| ip.is_ipv6()),
    ) {
        (true, false) => "V4_ONLY",
        (false, true) => "V6_ONLY",
        _ => "ALL",
    }
}

fn balance(export: &mut Export<'_>, own: &mut Value, name: &str, cluster: &Cluster) {
    let slow = (!cluster.warmup.is_zero()).then(|| {
        let curve = cluster.warmup_curve;
        json!({
            "slow_start_window": time(cluster.warmup),
            "aggression": curve.map(|curve| json!({ "default_value": curve.aggression, "runtime_key": "slow_start" })),
            "min_weight_percent": { "value": curve.map_or(10, |curve| curve.min_percent) },
        })
    });
    let warms = matches!(cluster.balance, Balance::LeastRequest | Balance::RoundRobin);
    if slow.is_some() && !warms {
        export.unsaid(format!(
            "{name}: Envoy warms up endpoints only in turn or by requests under way"
        ));
    }
    if cluster.discovery == Discovery::OriginalDestination {
        own["lb_policy"] = "CLUSTER_PROVIDED".into();
        return;
    }
    let (policy, key, config) = match &cluster.balance {
        Balance::LeastRequest | Balance::Provided => (
            "LEAST_REQUEST",
            "least_request_lb_config",
            slow.map(|slow| json!({ "slow_start_config": slow })),
        ),
        Balance::RoundRobin => (
            "ROUND_ROBIN",
            "round_robin_lb_config",
            slow.map(|slow| json!({ "slow_start_config": slow })),
        ),
        Balance::Random => ("RANDOM", "", None),
        Balance::RingHash { minimum_size } => (
            "RING_HASH",
            "ring_hash_lb_config",
            Some(json!({ "minimum_ring_size": minimum_size })),
        ),
        Balance::Maglev { table_size } => (
            "MAGLEV",
            "maglev_lb_config",
            Some(json!({ "table_size": table_size })),
        ),
    };
    own["lb_policy"] = policy.into();
    if let Some(config) = config {
        own[key] = config;
    }
}

fn breakers(limits: &Limits) -> Value {
    let budget = limits.retry_budget.map(|budget| {
        json!({ "budget_percent": { "value": budget.percent }, "min_retry_concurrency": budget.at_least,
            "budget_interval": (!budget.interval.is_zero()).then(|| time(budget.interval)) })
    });
    json!({
        "max_connections": limits.connections.unwrap_or(UNBOUNDED),
        "max_pending_requests": limits.pending.unwrap_or(UNBOUNDED),
        "max_requests": limits.requests.unwrap_or(UNBOUNDED),
        "max_retries": limits.retries.unwrap_or(UNBOUNDED),
        "retry_budget": budget,
    })
}

fn outliers(outliers: &Outliers) -> Value {
    let enforced = |threshold: Option<u32>| {
        if threshold.is_some_and(|count| count > 0) {
            100
        } else {
            0
        }
    };
    json!({
        "consecutive_5xx": outliers.consecutive_5xx,
        "enforcing_consecutive_5xx": enforced(outliers.consecutive_5xx),
        "consecutive_gateway_failure": outliers.consecutive_gateway,
        "enforcing_consecutive_gateway_failure": enforced(outliers.consecutive_gateway),
        "consecutive_local_origin_failure": outliers.consecutive_local,
        "enforcing_consecutive_local_origin_failure": enforced(outliers.consecutive_local),
        "split_external_local_origin_errors": outliers.consecutive_local.is_some(),
        "enforcing_success_rate": 0, "enforcing_local_origin_success_rate": 0,
        "interval": time(outliers.interval.max(Millis(1))),
        "base_ejection_time": time(outliers.ejection.max(Millis(1))),
        "max_ejection_time": time(outliers.ejection.max(Millis::from_secs(300))),
        "max_ejection_percent": outliers.max_percent,
    })
}

/// Envoy's `HttpProtocolOptions`.
fn protocol(cluster: &Cluster) -> Value {
    let limits = &cluster.limits;
    let http2 = json!({
        "max_concurrent_streams": limits.streams,
        "connection_keepalive": limits.ping.map(|ping| json!({
            "interval": time(ping.interval), "timeout": time(ping.timeout) })),
    });
    let mut own = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {
            "idle_timeout": limits.idle_timeout.map(time),
            "max_requests_per_connection": limits.requests_per_connection,
            "max_connection_duration": limits.connection_age.map(time),
        },
    });
    match cluster.http {
        HttpVersion::Http1 => own["explicit_http_config"] = json!({ "http_protocol_options": {} }),
        HttpVersion::Http2 => own["explicit_http_config"] = json!({ "http2_protocol_options": http2 }),
        HttpVersion::AsClient => {
            own["use_downstream_protocol_config"] =
                json!({ "http_protocol_options": {}, "http2_protocol_options": http2 });
        }
    }
    if matches!(&cluster.transport, Transport::Tls(tls) if tls.sni.is_none()) {
        own["upstream_http_protocol_options"] = json!({ "auto_sni": true, "auto_san_validation": true });
    }
    let statuses = cluster.outliers.iter().flat_map(|outliers| &outliers.statuses);
    let statuses: Vec<Value> = statuses.map(|status| status_match(*status)).collect();
    if !statuses.is_empty() {
        let matcher = if statuses.len() == 1 {
            statuses[0].clone()
        } else {
            json!({ "or_match": { "rules": statuses } })
        };
        own["outlier_detection"] = json!({ "error_matcher": matcher });
    }
    json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": own })
}

fn status_match(status: u16) -> Value {
    json!({ "http_response_headers_match": { "headers": [
        { "name": ":status", "string_match": { "exact": status.to_string() } } ] } })
}
