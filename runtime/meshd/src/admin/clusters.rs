//! `/clusters` and `/listeners`, in the shapes of Envoy's: text, and JSON with `?format=json`.

use std::fmt::Write as _;

use mesh_proxy::{EndpointReport, Report};
use mesh_wire::Snapshot;
use mesh_wire::cluster::{Cluster, Discovery, Limits};
use serde_json::{Value, json};

/// No bound, as istiod says it.
const UNBOUNDED: u32 = u32::MAX;

/// Envoy's thresholds, by its names.
fn thresholds(limits: &Limits) -> [(&'static str, u32); 4] {
    [
        ("max_connections", limits.connections.unwrap_or(UNBOUNDED)),
        ("max_pending_requests", limits.pending.unwrap_or(UNBOUNDED)),
        ("max_requests", limits.requests.unwrap_or(UNBOUNDED)),
        ("max_retries", limits.retries.unwrap_or(UNBOUNDED)),
    ]
}

/// Endpoints are looked up, and not listed.
fn is_named(cluster: Option<&Cluster>) -> bool {
    cluster.is_some_and(|cluster| matches!(cluster.discovery, Discovery::StrictDns | Discovery::LogicalDns))
}

/// A line a figure: `CLUSTER::ENDPOINT::NAME::VALUE`.
pub(super) fn text(report: &Report, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        let name = &cluster.name;
        let wire = snapshot.clusters.get(name);
        let mut line = |rest: &str, value: &dyn std::fmt::Display| {
            let _infallible = writeln!(text, "{name}::{rest}::{value}");
        };
        line("observability_name", name);
        if let Some(wire) = wire {
            for (what, bound) in thresholds(&wire.limits) {
                line(&format!("default_priority::{what}"), &bound);
            }
        }
        line("added_via_api", &true);
        for endpoint in &cluster.endpoints {
            let [region, zone, sub_zone] = &endpoint.locality;
            let health = if endpoint.ejected {
                "/failed_outlier_check"
            } else {
                "healthy"
            };
            let hostname = if is_named(wire) {
                endpoint.host.as_str()
            } else {
                ""
            };
            let figures: [(&str, &dyn std::fmt::Display); 9] = [
                ("rq_active", &endpoint.active),
                ("hostname", &hostname),
                ("health_flags", &health),
                ("weight", &endpoint.weight),
                ("region", region),
                ("zone", zone),
                ("sub_zone", sub_zone),
                ("canary", &false),
                ("priority", &endpoint.priority),
            ];
            for (what, value) in figures {
                line(&format!("{}::{what}", endpoint.address), value);
            }
        }
    }
    text
}

/// Envoy's `envoy.admin.v3.Clusters`.
pub(super) fn json(report: &Report, snapshot: &Snapshot) -> Value {
    let clusters = report.clusters.iter().map(|cluster| {
        let wire = snapshot.clusters.get(&cluster.name);
        let thresholds = wire.map(|wire| {
            let bounds = thresholds(&wire.limits).into_iter();
            let bounds = bounds.map(|(what, bound)| (what.to_owned(), Value::from(bound)));
            let named: Value = [("priority".to_owned(), Value::from("DEFAULT"))]
                .into_iter()
                .chain(bounds)
                .collect();
            json!({ "thresholds": [named] })
        });
        let hosts = cluster
            .endpoints
            .iter()
            .map(|endpoint| host(endpoint, is_named(wire)));
        let mut told = json!({
            "name": cluster.name, "observability_name": cluster.name, "added_via_api": true,
            "host_statuses": hosts.collect::<Value>(),
        });
        if let Some(thresholds) = thresholds {
            told["circuit_breakers"] = thresholds;
        }
        told
    });
    json!({ "cluster_statuses": clusters.collect::<Value>() })
}

fn host(endpoint: &EndpointReport, named: bool) -> Value {
    let [region, zone, sub_zone] = &endpoint.locality;
    let mut health = json!({ "eds_health_status": "HEALTHY" });
    if endpoint.ejected {
        health["failed_outlier_check"] = true.into();
    }
    let mut told = json!({
        "address": address(endpoint),
        "stats": [{ "name": "rq_active", "type": "GAUGE", "value": endpoint.active.to_string() }],
        "health_status": health,
        "weight": endpoint.weight,
        "priority": endpoint.priority,
        "locality": { "region": region, "zone": zone, "sub_zone": sub_zone },
    });
    if named {
        told["hostname"] = endpoint.host.clone().into();
    }
    told
}

/// The address that was found for a name, or the one that is configured.
fn address(endpoint: &EndpointReport) -> Value {
    match endpoint.address.parse::<std::net::SocketAddr>() {
        Ok(found) => mesh_envoy::host_and_port(&found.ip().to_string(), found.port()),
        Err(_) => mesh_envoy::host_and_port(&endpoint.host, endpoint.port),
    }
}

/// Who listens where: `NAME::ADDRESS:PORT`.
pub(super) fn listeners(dump: &Value) -> String {
    let mut text = String::new();
    for (name, addresses) in listening(dump) {
        for address in addresses {
            let at = &address["socket_address"];
            let host = at["address"].as_str().unwrap_or_default();
            let port = at["port_value"].as_u64().unwrap_or_default();
            let bracketed = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.to_owned()
            };
            let _infallible = writeln!(text, "{name}::{bracketed}:{port}");
        }
    }
    text
}

/// Envoy's `envoy.admin.v3.Listeners`.
pub(super) fn listeners_json(dump: &Value) -> Value {
    let statuses = listening(dump).into_iter().map(|(name, addresses)| {
        let mut told = json!({ "name": name, "local_address": addresses.first() });
        if addresses.len() > 1 {
            told["additional_local_addresses"] = json!(addresses[1..]);
        }
        told
    });
    json!({ "listener_statuses": statuses.collect::<Value>() })
}

/// Name and addresses of each listener in a dump.
fn listening(dump: &Value) -> Vec<(&str, Vec<&Value>)> {
    let section = super::config::section(dump, "ListenersConfigDump");
    let all = section["dynamic_listeners"].as_array();
    all.into_iter()
        .flatten()
        .map(|listener| {
            let own = &listener["active_state"]["listener"];
            let more = own["additional_addresses"].as_array().into_iter().flatten();
            let addresses = std::iter::once(own).chain(more).map(|place| &place["address"]);
            (listener["name"].as_str().unwrap_or_default(), addresses.collect())
        })
        .collect()
}
