use std::collections::BTreeMap;

use serde_json::Value;

use super::{HTTP, TCP, filter, policy, shares};
use crate::facts::{Facts, at, items, text};

/// The port of the listener itself: nobody dials it.
const OWN_PORT: &str = "15006";

/// The chains of one port together say what is spoken there and whether mutual TLS is asked for.
pub(crate) fn add(facts: &mut Facts, listener: &Value) {
    let mut ports: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for chain in items(listener, "filterChains") {
        let port = text(chain, "filterChainMatch/destinationPort");
        let port = if port.is_empty() { "*".to_owned() } else { port };
        ports.entry(port).or_default().push(chain);
    }
    ports.remove(OWN_PORT);
    for (port, chains) in ports {
        let value = format!(
            "protocol={} mtls={} cluster={}",
            protocol(&chains),
            mtls(&chains),
            cluster(chains[0])
        );
        facts.insert(format!("inbound/{port}"), value);
        // Where both stand, the HTTP chain has all conditions of a policy.
        let chain = chains
            .iter()
            .find(|chain| filter(chain, HTTP).is_some())
            .unwrap_or(&chains[0]);
        for (name, value) in policies(chain) {
            facts.insert(format!("inbound/{port}/policy/{name}"), value);
        }
    }
}

fn protocol(chains: &[&Value]) -> &'static str {
    let any = |end: &str| chains.iter().any(|chain| filter(chain, end).is_some());
    match (any(HTTP), any(TCP)) {
        (true, true) => "detect",
        (true, false) => "http",
        _ => "tcp",
    }
}

fn mtls(chains: &[&Value]) -> &'static str {
    let meshed =
        |chain: &&&Value| text(chain, "transportSocket/typedConfig/@type").ends_with("DownstreamTlsContext");
    match chains.iter().filter(meshed).count() {
        0 => "disable",
        some if some == chains.len() => "strict",
        _ => "permissive",
    }
}

fn cluster(chain: &Value) -> String {
    match filter(chain, HTTP) {
        Some(http) => shares(at(http, "routeConfig/virtualHosts/0/routes/0/route")),
        None => filter(chain, TCP).map(shares).unwrap(),
    }
}

fn policies(chain: &Value) -> Vec<(String, String)> {
    let rbac = |config: &&Value| text(config, "@type").ends_with("rbac.v3.RBAC");
    let network = items(chain, "filters")
        .iter()
        .map(|filter| at(filter, "typedConfig"))
        .filter(rbac);
    let http = filter(chain, HTTP)
        .map(|http| items(http, "httpFilters"))
        .unwrap_or_default();
    let http = http.iter().map(|filter| at(filter, "typedConfig")).filter(rbac);
    network.chain(http).flat_map(policy::policies).collect()
}
