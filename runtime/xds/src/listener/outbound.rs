//! Listeners by the address that an application dials.

use mesh_wire::listener::{AddressRoute, OutboundListener, OutboundProtocol, SniRoute};
use mesh_wire::route::WeightedCluster;
use mesh_wire::telemetry::Side;
use serde_json::json;

use super::chain::{self, Chain, Serves};
use super::http::Routes;
use crate::endpoint;
use crate::reader::Reader;
use crate::translate::Parts;

/// Where connections go that no chain takes: Envoy closes them.
const NOWHERE: &str = "BlackHoleCluster";

/// `virtualOutbound`: its chain without a port takes what no listener does.
pub(super) fn add_default(parts: &mut Parts, mut listener: Reader<'_>) {
    let own = listener.message("address").and_then(endpoint::address);
    for mut chain in listener.messages("filter_chains") {
        let (port, matching) = chain::port(&mut chain);
        if port.is_some() && port == own.as_ref().map(|(_, port)| *port) {
            // Nobody dials the listener itself.
            chain.dismiss();
            continue;
        }
        let chain = chain::read(parts, chain, matching, Side::Client);
        match single(&chain) {
            Some(cluster) if port.is_none() => parts.snapshot.outbound_default = Some(cluster),
            _ => chain
                .rest
                .tell("filters", &json!(port), "one cluster takes what no listener does"),
        }
    }
}

pub(super) fn add(parts: &mut Parts, name: String, mut listener: Reader<'_>) {
    let Some((first, port)) = listener.message("address").and_then(endpoint::address) else {
        return;
    };
    let mut all = vec![first];
    for mut more in listener.messages("additional_addresses") {
        let more = more.message("address").and_then(endpoint::address);
        all.extend(more.map(|(address, _)| address));
    }
    let mut addresses = Vec::new();
    for address in all
        .iter()
        .filter(|address| *address != "0.0.0.0" && *address != "::")
    {
        match address.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => listener.tell("address", &json!(address), "no IP address"),
        }
    }
    let mut chains = Vec::new();
    for mut chain in listener.messages("filter_chains") {
        let (port, matching) = chain::port(&mut chain);
        if let Some(port) = port {
            chain.tell("filter_chain_match", &json!(port), "a listener is for one port");
        }
        chains.push(chain::read(parts, chain, matching, Side::Client));
    }
    if let Some(mut chain) = listener.message("default_filter_chain") {
        let (_, matching) = chain::port(&mut chain);
        chains.push(chain::read(parts, chain, matching, Side::Client));
    }
    for chain in &chains {
        if !chain.policy.policies.is_empty() || !chain.jwt.is_empty() {
            let why = "policies stand before what arrives, not before what leaves";
            chain.rest.tell("filters", &json!(chain.policy), why);
        }
    }
    let protocol = protocol(parts, &name, chains);
    parts.snapshot.outbound.retain(|other| other.name != name);
    parts.snapshot.outbound.push(OutboundListener {
        name,
        addresses,
        port,
        protocol,
    });
}

fn protocol(parts: &mut Parts, name: &str, chains: Vec<Chain<'_>>) -> OutboundProtocol {
    let mut rest = None;
    let mut http: Option<String> = None;
    let mut by_name = Vec::new();
    let mut by_address = Vec::new();
    for chain in chains {
        let anything = chain.names.is_empty() && chain.ranges.is_empty();
        match chain.serves {
            Serves::Http(_) if !anything || http.is_some() => {
                chain.rest.tell(
                    "filters",
                    &json!(chain.name),
                    "a listener has one list of routes for all requests",
                );
            }
            Serves::Http(Routes::Named(routes)) => http = Some(routes),
            Serves::Http(Routes::Here(table)) => {
                parts.snapshot.routes.insert(name.to_owned(), table);
                http = Some(name.to_owned());
            }
            Serves::Tcp(clusters) if anything && rest.is_none() => rest = Some((clusters, chain.rest)),
            Serves::Tcp(clusters) if !chain.names.is_empty() => {
                let (sni, addresses) = (chain.names, chain.ranges);
                by_name.push((
                    SniRoute {
                        sni,
                        addresses,
                        clusters,
                    },
                    chain.rest,
                ));
            }
            Serves::Tcp(clusters) if !anything => {
                let addresses = chain.ranges;
                by_address.push((AddressRoute { addresses, clusters }, chain.rest));
            }
            Serves::Tcp(_) | Serves::Nothing => {
                chain.rest.tell(
                    "filters",
                    &json!(chain.name),
                    "another chain takes these connections",
                );
            }
        }
    }
    let tell = |chain: &Reader<'_>, why: &str| chain.tell("filter_chain_match", &json!(name), why);
    if let Some(routes) = http {
        let only = "a listener is for requests or for bytes; what is no request goes one way";
        by_name.iter().for_each(|(_, chain)| tell(chain, only));
        by_address.iter().for_each(|(_, chain)| tell(chain, only));
        let otherwise = otherwise(rest);
        return OutboundProtocol::Http { routes, otherwise };
    }
    if by_name.is_empty() {
        let routes = by_address.into_iter().map(|(route, _)| route).collect();
        let clusters = rest.map_or_else(|| vec![nowhere()], |(clusters, _)| clusters);
        return OutboundProtocol::Tcp { clusters, routes };
    }
    let by = "connections with a name are told apart by it";
    by_address.iter().for_each(|(_, chain)| tell(chain, by));
    OutboundProtocol::Tls {
        routes: by_name.into_iter().map(|(route, _)| route).collect(),
        otherwise: otherwise(rest),
    }
}

/// The one cluster of what is left.
fn otherwise(rest: Option<(Vec<WeightedCluster>, Reader<'_>)>) -> String {
    let Some((clusters, chain)) = rest else {
        return NOWHERE.to_owned();
    };
    if clusters.len() > 1 {
        chain.tell(
            "weighted_clusters",
            &json!(clusters.len()),
            "what is left goes to one cluster: the first",
        );
    }
    clusters
        .into_iter()
        .next()
        .map_or_else(|| NOWHERE.to_owned(), |share| share.cluster)
}

fn nowhere() -> WeightedCluster {
    WeightedCluster {
        cluster: NOWHERE.to_owned(),
        weight: 1,
        request_headers: mesh_wire::route::HeaderEdits::default(),
        response_headers: mesh_wire::route::HeaderEdits::default(),
    }
}

fn single(chain: &Chain<'_>) -> Option<String> {
    match &chain.serves {
        Serves::Tcp(clusters) => match clusters.as_slice() {
            [one] => Some(one.cluster.clone()),
            _ => None,
        },
        _ => None,
    }
}
