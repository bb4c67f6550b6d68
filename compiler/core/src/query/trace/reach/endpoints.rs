//! The endpoints of a cluster: which serve, where they stand, and what is wrong where there are none.

use std::net::IpAddr;

use mesh_wire::cluster::{Cluster, Discovery, Transport};
use serde_json::json;

use super::super::listen::{percent, target};
use super::super::{Hop, Outcome, Step, Walk, transport};
use super::Way;
use crate::diag::code;
use crate::model::{Kind, Service};
use crate::query::place;
use crate::query::wire::endpoint::Ranked;

/// Endpoints that are listed in one line; of more, the number is said.
const SHOWN: usize = 4;

impl<'a> Walk<'_, 'a> {
    /// To the endpoints of a cluster that has a list of them.
    pub(super) fn listed(
        &self,
        hop: Hop,
        name: &str,
        cluster: &Cluster,
        service: Option<&'a Service>,
        all: &[Ranked<'_>],
    ) -> Way<'a> {
        if all.is_empty() {
            return Way {
                hops: vec![hop, self.no_endpoints(name, service)],
                ends: Err(Outcome::Broken),
            };
        }
        let endpoint = self.endpoints_hop(all, cluster);
        if let Some(gateway) = service.filter(|service| service.kind == Kind::Egress) {
            return Way {
                hops: vec![hop, endpoint, self.through(gateway, cluster)],
                ends: Err(Outcome::Outside),
            };
        }
        let external = service.is_some_and(Service::is_external);
        if external || service.is_none() {
            let hops = vec![hop, endpoint, transport::outside(cluster, &target(name))];
            return Way {
                hops,
                ends: Err(Outcome::Outside),
            };
        }
        let peers = service
            .map(|service| self.peers(service, name, all))
            .unwrap_or_default();
        Way {
            hops: vec![hop, endpoint],
            ends: Ok(peers),
        }
    }

    /// An egress gateway, which sends on what it is sent.
    fn through(&self, gateway: &Service, cluster: &Cluster) -> Hop {
        let host = &self.target.host;
        let says = match &cluster.transport {
            Transport::Mesh(tls) => format!("mutual TLS of the mesh to the egress gateway, SNI {}", tls.sni),
            Transport::Plaintext | Transport::Tls(_) => "as it is, to the egress gateway".to_owned(),
        };
        Hop::new(Step::Transport, says)
            .at(gateway.span)
            .note(format!(
                "{} sends it on to {host}, outside the mesh",
                gateway.label()
            ))
            .fact("egress", gateway.label())
    }

    /// Which endpoints serve, their shares, and where they stand.
    fn endpoints_hop(&self, all: &[Ranked<'_>], cluster: &Cluster) -> Hop {
        let first: Vec<_> = all.iter().filter(|ranked| ranked.level == 0).collect();
        let sum: u64 = first.iter().map(|ranked| ranked.weight).sum();
        let one = |ranked: &&Ranked<'_>| {
            let endpoint = ranked.endpoint;
            let who = match &endpoint.workload {
                Some(workload) => format!(" ({})", workload.name),
                None if self.gateway_network(&endpoint.address).is_some() => " (gateway)".to_owned(),
                None => String::new(),
            };
            let share = if first.len() > 1 {
                format!(" {}%", percent(ranked.weight, sum))
            } else {
                String::new()
            };
            format!("{}:{}{who}{share}", endpoint.address, endpoint.port)
        };
        let shown: Vec<_> = first.iter().take(SHOWN).map(one).collect();
        let more = first.len().saturating_sub(SHOWN);
        let mut says = shown.join(", ");
        if more > 0 {
            says.push_str(&format!(" and {more} more"));
        }
        let mut hop = Hop::new(Step::Endpoint, says);
        let facts: Vec<_> = all.iter().map(|ranked| self.endpoint_fact(ranked)).collect();
        hop.facts.insert("endpoints".to_owned(), facts.into());
        let mut networks: Vec<_> = first
            .iter()
            .filter_map(|ranked| {
                let network = self.gateway_network(&ranked.endpoint.address)?;
                Some(format!(
                    "through the gateway {}:{} of {network}",
                    ranked.endpoint.address, ranked.endpoint.port
                ))
            })
            .collect();
        networks.sort();
        networks.dedup();
        for network in networks {
            hop.add_note(network, None);
        }
        let places: Vec<String> = first.iter().map(|ranked| locality(ranked.locality)).collect();
        let mut places: Vec<_> = places.iter().filter(|place| !place.is_empty()).collect();
        places.sort();
        places.dedup();
        if !places.is_empty() {
            let places: Vec<_> = places.into_iter().cloned().collect();
            hop.add_note(format!("in {}", places.join(", ")), None);
        }
        let later = all.len() - first.len();
        if later > 0 {
            hop.add_note(
                format!("{later} more take over when these fail: they are farther away"),
                None,
            );
        }
        if cluster.discovery != Discovery::Listed {
            let name = first
                .first()
                .map(|ranked| ranked.endpoint.address.clone())
                .unwrap_or_default();
            if name.parse::<IpAddr>().is_err() {
                hop.add_note(format!("{name} is looked up by the proxy itself"), None);
            }
        }
        hop
    }

    fn endpoint_fact(&self, ranked: &Ranked<'_>) -> serde_json::Value {
        let endpoint = ranked.endpoint;
        json!({
            "address": endpoint.address,
            "port": endpoint.port,
            "weight": endpoint.weight,
            "level": ranked.level,
            "locality": locality(ranked.locality),
            "mtls": endpoint.mtls,
            "workload": endpoint.workload.as_ref().map(|workload| &workload.name),
            "gateway-of": self.gateway_network(&endpoint.address),
        })
    }

    /// The network that a gateway at `address` leads into.
    pub(in crate::query::trace) fn gateway_network(&self, address: &str) -> Option<&'a str> {
        let clusters = self.asker.mesh.clusters.values();
        let mut found = clusters.filter(|cluster| {
            let mut addresses = cluster.gateways.iter().flat_map(|gateway| &gateway.addresses);
            addresses.any(|own| own == address)
        });
        found.next().map(|cluster| cluster.network.as_str())
    }

    fn no_endpoints(&self, name: &str, service: Option<&Service>) -> Hop {
        let hop = Hop::new(
            Step::Endpoint,
            format!("{} has no endpoints for this caller", target(name)),
        );
        let subset = place::parts_of(name)
            .map(|(_, subset, _)| subset)
            .unwrap_or_default();
        let hop = hop.at(service.map(|service| service.span));
        let Some(service) = service else {
            return hop.fault(&code::NO_ENDPOINTS, "nothing serves it", "say where it is");
        };
        if !subset.is_empty() {
            let help = "give workloads its labels, or send the requests elsewhere";
            return hop.fault(
                &code::SUBSET_EMPTY,
                format!("no workload is in subset `{subset}`"),
                help,
            );
        }
        if !service.pods.is_empty() {
            let message = format!("no gateway leads to the pods of {}", service.label());
            let help = "give the cluster a `gateway` that the caller's network reaches";
            return hop.fault(&code::GATEWAY_MISSING, message, help);
        }
        if let Some(group) = service.groups.iter().find(|group| group.vms.is_empty()) {
            return hop.fault(
                &code::NO_ENDPOINTS,
                format!(
                    "the machines of {} come and go: none is written in the spec",
                    group.name
                ),
                "write one as `vm` to follow a call to it",
            );
        }
        hop.fault(
            &code::NO_ENDPOINTS,
            format!("no workload of {} can be reached from here", service.label()),
            "behind a gateway only workloads with mutual TLS are found: `mtls permissive` or `mtls strict`",
        )
    }
}

/// `region/zone/subzone`, as far as it is said.
fn locality(place: &mesh_wire::cluster::Locality) -> String {
    let parts = [&place.region, &place.zone, &place.subzone];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect();
    parts.join("/")
}
