use std::collections::BTreeMap;

use serde_json::Value;

use super::{HTTP, TCP, filter, jwt, policy, shares};
use crate::reference::facts::{Facts, at, items, text};

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
        assert!(chains.iter().all(|chain| cluster(chain) == cluster(chains[0])));
        facts.insert(format!("inbound/{port}"), value);
        for chain in chains {
            add_guard(facts, &port, chain);
        }
    }
}

/// What stands before the workload on a chain. Chains of one port and protocol say the same.
fn add_guard(facts: &mut Facts, port: &str, chain: &Value) {
    let http = filter(chain, HTTP);
    let kind = if http.is_some() { "http" } else { "tcp" };
    let mut put = |key: &str, value: String| {
        let path = format!("inbound/{port}/{kind}/{key}");
        if let Some(before) = facts.insert(path.clone(), value.clone()) {
            assert_eq!(before, value, "{path} of two chains");
        }
    };
    let filters = http.map_or_else(|| items(chain, "filters"), |http| items(http, "httpFilters"));
    let configs = || filters.iter().map(|filter| at(filter, "typedConfig"));
    let is = |config: &&Value, end: &str| text(config, "@type").ends_with(end);
    let rbac: Vec<_> = configs()
        .filter(|config| is(config, "rbac.v3.RBAC"))
        .flat_map(policy::rbac)
        .collect();
    let mut order: Vec<_> = rbac.iter().map(|rbac| rbac.action).collect();
    order.dedup();
    assert!(["audit deny allow"].iter().all(|all| {
        let at = |action: &&str| all.find(action);
        order.windows(2).all(|pair| at(&pair[0]) < at(&pair[1]))
    }));
    put("closed", rbac.iter().any(|rbac| rbac.closes).to_string());
    for (name, value) in rbac.into_iter().flat_map(|rbac| rbac.policies) {
        put(&format!("policy/{name}"), value);
    }
    for authn in configs().filter(|config| is(config, "jwt_authn.v3.JwtAuthentication")) {
        for (issuer, value) in jwt::providers(authn) {
            put(&format!("jwt/{issuer}"), value);
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
