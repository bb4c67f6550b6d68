//! The facts of what istiod sends, from its JSON (`cds`, `eds`, `lds`, `rds`, `nds`).

mod cluster;
mod forward;
mod inbound;
mod jwt;
mod outbound;
mod policy;
mod route;
mod transport;

use std::path::Path;

use serde_json::Value;

use super::facts::{Facts, at, items, list, set, text};

/// What the answers in `folder` mean.
pub(crate) fn facts(folder: &Path) -> Facts {
    let mut facts = Facts::new();
    for resource in resources(folder, "cds") {
        cluster::add(&mut facts, &resource);
    }
    for resource in resources(folder, "eds") {
        cluster::add_endpoints(&mut facts, &text(&resource, "clusterName"), &resource);
    }
    for resource in resources(folder, "lds") {
        match text(&resource, "name").as_str() {
            "virtualInbound" => inbound::add(&mut facts, &resource),
            "virtualOutbound" => outbound::add_default(&mut facts, &resource),
            _ => outbound::add(&mut facts, &resource),
        }
    }
    for resource in resources(folder, "rds") {
        route::add(&mut facts, &resource);
    }
    for resource in resources(folder, "nds") {
        for (host, entry) in at(&resource, "table").as_object().unwrap() {
            let addresses = set(items(entry, "ips").iter().filter_map(Value::as_str));
            let kubernetes = text(entry, "registry") == "Kubernetes";
            facts.insert(
                format!("name/{host}"),
                format!("{addresses} kubernetes={kubernetes}"),
            );
        }
    }
    facts
}

fn resources(folder: &Path, kind: &str) -> Vec<Value> {
    let text = crate::common::read(&folder.join(format!("{kind}.json")));
    let response: Value = serde_json::from_str(&text).unwrap();
    items(&response, "resources").to_vec()
}

/// The network filter of a chain with this type, as it is configured.
fn filter<'a>(chain: &'a Value, end: &str) -> Option<&'a Value> {
    let configs = items(chain, "filters")
        .iter()
        .map(|filter| at(filter, "typedConfig"));
    configs
        .into_iter()
        .find(|config| text(config, "@type").ends_with(end))
}

const HTTP: &str = "v3.HttpConnectionManager";
const TCP: &str = "v3.TcpProxy";

/// The clusters of a TCP proxy or a route action.
fn shares(action: &Value) -> String {
    let one = text(action, "cluster");
    if !one.is_empty() {
        return one;
    }
    let all = items(action, "weightedClusters/clusters");
    // One that is left alone needs no weight.
    if let [one] = all {
        return text(one, "name");
    }
    list(
        all.iter()
            .map(|share| format!("{}:{}", text(share, "name"), text(share, "weight"))),
    )
}

/// A duration of protobuf's JSON form, in milliseconds.
fn millis(value: &Value, path: &str) -> Option<u64> {
    let text = text(value, path);
    let seconds: f64 = text.strip_suffix('s')?.parse().unwrap();
    Some((seconds * 1000.0).round() as u64)
}

/// A number; Envoy's largest means that there is no bound.
fn number(value: &Value, path: &str) -> Option<u64> {
    at(value, path)
        .as_u64()
        .filter(|number| *number != u64::from(u32::MAX))
}
