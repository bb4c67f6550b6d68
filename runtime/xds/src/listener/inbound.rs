//! The listener `virtualInbound`: the chains of one port together say what is spoken there, and to whom.

use std::collections::BTreeMap;

use mesh_wire::authorizer::Authorizer;
use mesh_wire::listener::{InboundListener, InboundProtocol, MtlsMode};
use mesh_wire::policy::PolicySet;
use mesh_wire::route::{RouteAction, RouteTable};
use mesh_wire::telemetry::Side;
use serde_json::json;

use super::chain::{self, Chain, Serves};
use super::http::Routes;
use crate::reader::Reader;
use crate::translate::Parts;
use crate::{authorizer, endpoint, policy, route};

/// `client_source`: applications are to see their clients' own addresses.
pub(super) fn add(parts: &mut Parts, mut listener: Reader<'_>, client_source: bool) {
    let own = listener.message("address").and_then(endpoint::address);
    let own = own.map(|(_, port)| port);
    let mut ports: BTreeMap<Option<u16>, Vec<Chain<'_>>> = BTreeMap::new();
    for mut chain in listener.messages("filter_chains") {
        let (port, matching) = chain::port(&mut chain);
        if port.is_some() && port == own {
            // Nobody dials the listener itself.
            chain.dismiss();
            continue;
        }
        let chain = chain::read(parts, chain, matching, Side::Server);
        ports.entry(port).or_default().push(chain);
    }
    let rest = ports.remove(&None);
    for (port, chains) in ports {
        add_port(parts, port, chains, client_source);
    }
    if let Some(chains) = rest {
        add_port(parts, None, chains, client_source);
    }
}

fn add_port(parts: &mut Parts, port: Option<u16>, chains: Vec<Chain<'_>>, client_source: bool) {
    let Some(first) = chains.first() else { return };
    let is_free = |name: &&String| {
        let mut others = parts.snapshot.inbound.iter();
        !name.is_empty() && others.all(|other| other.name != **name)
    };
    let name = match port {
        Some(port) => Some(&first.name)
            .filter(is_free)
            .cloned()
            .unwrap_or_else(|| format!("0.0.0.0_{port}")),
        None => "virtualInbound".to_owned(),
    };
    let http = chains.iter().any(|chain| matches!(chain.serves, Serves::Http(_)));
    let tcp = chains.iter().any(|chain| matches!(chain.serves, Serves::Tcp(_)));
    let meshed = chains.iter().filter(|chain| chain.mesh).count();
    let mtls = match meshed {
        0 => MtlsMode::Disable,
        all if all == chains.len() => MtlsMode::Strict,
        _ => MtlsMode::Permissive,
    };
    let mut together = Together::default();
    for chain in chains {
        together.add(chain);
    }
    let Some(cluster) = together.cluster.clone() else {
        return;
    };
    parts.snapshot.inbound.push(InboundListener {
        name,
        port,
        protocol: match (http, tcp) {
            (true, true) => InboundProtocol::Detect,
            (true, false) => InboundProtocol::Http,
            _ => InboundProtocol::Tcp,
        },
        mtls,
        cluster,
        client_source,
        jwt: together.jwt,
        authorizers: together.asked_http.or(together.asked_tcp).unwrap_or_default(),
        policy: together.http.or(together.tcp).unwrap_or_default(),
        routes: together.routes,
    });
}

/// What chains of one port say alike.
#[derive(Default)]
struct Together {
    cluster: Option<String>,
    routes: Option<RouteTable>,
    jwt: Vec<mesh_wire::jwt::Jwt>,
    asked_http: Option<Vec<Authorizer>>,
    asked_tcp: Option<Vec<Authorizer>>,
    http: Option<PolicySet>,
    tcp: Option<PolicySet>,
}

impl Together {
    fn add(&mut self, chain: Chain<'_>) {
        let rest = chain.rest;
        if !chain.names.is_empty() || !chain.ranges.is_empty() {
            let said = json!([chain.names, chain.ranges]);
            rest.tell(
                "filter_chain_match",
                &said,
                "chains are told apart by port and protocol",
            );
        }
        let cluster = match chain.serves {
            Serves::Http(Routes::Here(table)) => {
                self.policies(&rest, chain.policy, true);
                same(&rest, "http_filters", &mut self.jwt, chain.jwt);
                self.asks(&rest, chain.authorizers, true);
                let plain = route::only_cluster(&table).map(str::to_owned);
                if plain.is_none() {
                    self.routes = Some(table.clone());
                }
                plain.or_else(|| first_cluster(&table))
            }
            Serves::Http(Routes::Named(name)) => {
                rest.tell(
                    "route_config_name",
                    &json!(name),
                    "routes of what arrives are with the listener",
                );
                None
            }
            Serves::Tcp(clusters) => {
                self.policies(&rest, chain.policy, false);
                self.asks(&rest, chain.authorizers, false);
                if clusters.len() > 1 {
                    let why = "what arrives goes to one cluster: the first";
                    rest.tell("weighted_clusters", &json!(clusters.len()), why);
                }
                clusters.into_iter().next().map(|share| share.cluster)
            }
            Serves::Nothing => {
                rest.tell("filters", &json!([]), "a chain that serves nothing");
                None
            }
        };
        match (&self.cluster, cluster) {
            (Some(held), Some(other)) if *held != other => {
                rest.tell(
                    "cluster",
                    &json!(other),
                    "chains of one port lead to one cluster: the first",
                );
            }
            (None, cluster) => self.cluster = cluster,
            _ => {}
        }
    }

    /// The same of those who are asked.
    fn asks(&mut self, rest: &Reader<'_>, said: Vec<Authorizer>, http: bool) {
        let held = if http {
            &mut self.asked_http
        } else {
            &mut self.asked_tcp
        };
        let held = held.get_or_insert_with(|| said.clone());
        if *held != said {
            let why = "chains of one port ask the same: what the first asks";
            rest.tell("filters", &json!(said), why);
        }
        if let (Some(of_requests), Some(of_bytes)) = (&self.asked_http, &self.asked_tcp)
            && authorizer::of_bytes(of_requests) != authorizer::of_bytes(of_bytes)
        {
            let why = "of bytes the same are asked as of requests, as far as they can be";
            rest.tell("filters", &json!(of_bytes), why);
        }
    }

    /// Chains of one protocol say the same; those of bytes what those of requests do, as far as it can be asked there.
    fn policies(&mut self, rest: &Reader<'_>, said: PolicySet, http: bool) {
        let held = if http { &mut self.http } else { &mut self.tcp };
        let held = held.get_or_insert_with(|| said.clone());
        if *held != said {
            rest.tell(
                "filters",
                &json!(said),
                "chains of one port have one set of policies: the first",
            );
        }
        if let (Some(of_requests), Some(of_bytes)) = (&self.http, &self.tcp)
            && policy::seen_by_bytes(of_requests) != policy::seen_by_bytes(of_bytes)
        {
            let why = "policies of bytes are those of requests, as far as they can be asked";
            rest.tell("filters", &json!(of_bytes), why);
        }
    }
}

fn same<T: PartialEq + serde::Serialize>(rest: &Reader<'_>, name: &str, held: &mut Vec<T>, said: Vec<T>) {
    if held.is_empty() {
        *held = said;
    } else if *held != said {
        rest.tell(
            name,
            &json!(said),
            "chains of one port say the same: what the first says",
        );
    }
}

fn first_cluster(table: &RouteTable) -> Option<String> {
    let routes = table.virtual_hosts.iter().flat_map(|host| &host.routes);
    let mut forwards = routes.filter_map(|route| match &route.action {
        RouteAction::Forward(forward) => forward.clusters.first(),
        _ => None,
    });
    forwards.next().map(|share| share.cluster.clone())
}
