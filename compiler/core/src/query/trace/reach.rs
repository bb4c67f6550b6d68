//! From a cluster to its endpoints, and to the workloads that they are.

use std::net::IpAddr;

use mesh_wire::cluster::{Cluster, Discovery, Transport};
use mesh_wire::route::WeightedCluster;
use serde_json::json;

use super::dial::Dialled;
use super::listen::{percent, target};
use super::peer::Peer;
use super::{Branch, Ended, Hop, Outcome, Step, Told, Walk};
use crate::diag::code;
use crate::model::{Kind, Service};
use crate::query::place;
use crate::query::wire::endpoint::{Ranked, ranked};

/// Endpoints that are listed in one line; of more, the number is said.
const SHOWN: usize = 4;

/// What a branch has before its workloads.
struct Way<'a> {
    hops: Vec<Hop>,
    /// What it leads to; without any, it ends here.
    ends: Result<Vec<(Peer<'a>, bool)>, Outcome>,
}

impl<'a> Walk<'_, 'a> {
    /// Every share of a route, each to the workloads behind it.
    pub(super) fn shares(&mut self, dialled: &Dialled<'a>, clusters: &[WeightedCluster]) -> Ended {
        let sum: u64 = clusters.iter().map(|share| u64::from(share.weight)).sum();
        let mut branches = Vec::new();
        for share in clusters {
            let part = if clusters.len() == 1 {
                1_000_000
            } else {
                u64::from(share.weight) * 1_000_000 / sum.max(1)
            };
            branches.extend(self.share(dialled, &share.cluster, part));
        }
        Ended::Branches(branches)
    }

    fn share(&mut self, dialled: &Dialled<'a>, name: &str, share: u64) -> Vec<Branch> {
        let Some(told) = self.told.clone() else {
            return Vec::new();
        };
        let cluster = told.snapshot.clusters.get(name);
        let way = match cluster {
            Some(cluster) => self.reach(dialled, name, cluster, &told),
            None => Way {
                hops: vec![self.no_cluster(name)],
                ends: Err(Outcome::Broken),
            },
        };
        match way.ends {
            Ok(peers) => self.meet_all(&way.hops, share, &peers, cluster),
            Err(end) => vec![Branch {
                to: target(name),
                share,
                hops: way.hops,
                end,
            }],
        }
    }

    /// A branch for every kind of workload that decides differently; those that decide alike share one.
    pub(super) fn meet_all(
        &mut self,
        before: &[Hop],
        share: u64,
        peers: &[(Peer<'a>, bool)],
        cluster: Option<&Cluster>,
    ) -> Vec<Branch> {
        let mut branches: Vec<Branch> = Vec::new();
        for (peer, mtls) in peers {
            let (own, end) = self.meet(peer, *mtls, cluster);
            let same = |branch: &&mut Branch| branch.end == end && branch.hops[before.len()..] == own[..];
            match branches.iter_mut().find(same) {
                Some(branch) => branch.to = format!("{}, {}", branch.to, peer.label()),
                None => branches.push(Branch {
                    to: peer.label(),
                    share,
                    hops: before.iter().cloned().chain(own).collect(),
                    end,
                }),
            }
        }
        branches
    }

    fn reach(&self, dialled: &Dialled<'a>, name: &str, cluster: &Cluster, told: &Told) -> Way<'a> {
        let mesh = self.asker.mesh;
        let parts = place::parts_of(name);
        let service = parts.and_then(|(.., host)| place::service_of(mesh, host));
        let subset = parts.map(|(_, subset, _)| subset).unwrap_or_default();
        let found = service.and_then(|service| service.subsets.iter().find(|own| own.name == subset));
        let mut hop = Hop::new(Step::Cluster, name)
            .at(found
                .map(|found| found.span)
                .or(service.map(|service| service.span)))
            .fact("cluster", name)
            .fact("discovery", json!(cluster.discovery));
        if let Some(found) = found {
            let labels: Vec<_> = found
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            hop.add_note(
                format!("only workloads with {}", labels.join(", ")),
                Some(found.span),
            );
        }
        match cluster.discovery {
            Discovery::BlackHole if parts.is_none() => Way {
                hops: vec![hop.fault(
                    &code::DESTINATION_CLOSED,
                    format!(
                        "the mesh does not know {}, and closes what it does not know",
                        self.destination(dialled)
                    ),
                    "declare it as `external`, or write `outbound allow-any`",
                )],
                ends: Err(Outcome::Broken),
            },
            Discovery::BlackHole => Way {
                hops: vec![self.no_cluster(name)],
                ends: Err(Outcome::Broken),
            },
            Discovery::OriginalDestination => self.as_dialled(hop, dialled, service, cluster, parts),
            Discovery::Listed | Discovery::StrictDns | Discovery::LogicalDns => {
                let place = told.snapshot.node.as_ref();
                let locality = place.map(|node| node.locality.clone()).unwrap_or_default();
                let labels = place.map(|node| node.labels.clone()).unwrap_or_default();
                let all = ranked(cluster, &locality, &labels);
                self.listed(hop, name, cluster, service, &all)
            }
        }
    }

    /// The route leads to what the caller is not told of.
    fn no_cluster(&self, name: &str) -> Hop {
        let mesh = self.asker.mesh;
        let hop = Hop::new(
            Step::Cluster,
            format!("{} does not know {}", self.caller.engine(), target(name)),
        );
        let parts = place::parts_of(name);
        let service = parts.and_then(|(_, _, host)| place::service_of(mesh, host));
        let own = self.caller.namespace().unwrap_or_default();
        let (message, help) = match (parts, service) {
            (Some(_), Some(service)) if !service.is_visible_in(own) => (
                format!("{} is not visible in namespace {own}", service.label()),
                "add the namespace to its `visible=`".to_owned(),
            ),
            (Some((port, ..)), Some(service)) if !service.ports.iter().any(|own| own.number == port) => (
                format!("{} has no port {port}", service.label()),
                "name a port of the service in the route's `to`: `to port=8080`".to_owned(),
            ),
            (Some((_, subset, _)), Some(service)) => (
                format!("{} has no subset `{subset}`", service.label()),
                "declare it, or send the requests to another".to_owned(),
            ),
            _ => (
                "the route leads to nothing".to_owned(),
                "name a service of the mesh".to_owned(),
            ),
        };
        hop.at(service.map(|service| service.span))
            .fault(&code::CLUSTER_MISSING, message, help)
    }

    fn listed(
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
            let hops = vec![hop, endpoint, super::transport::outside(cluster, &target(name))];
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
    pub(super) fn gateway_network(&self, address: &str) -> Option<&'a str> {
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

    /// The connection goes to what was dialled.
    fn as_dialled(
        &self,
        hop: Hop,
        dialled: &Dialled<'a>,
        service: Option<&'a Service>,
        cluster: &Cluster,
        parts: Option<(u16, &str, &str)>,
    ) -> Way<'a> {
        let there = self.destination(dialled);
        let endpoint = Hop::new(Step::Endpoint, format!("{there}, as it was dialled"));
        if parts.is_none() && dialled.is_virtual {
            return Way {
                hops: vec![
                    hop,
                    endpoint.fault(
                        &code::MESH_BYPASSED,
                        format!(
                            "{there} is a virtual address: nothing answers there without the proxy's routes"
                        ),
                        "speak what the port is declared for, or declare the port for what is spoken",
                    ),
                ],
                ends: Err(Outcome::Broken),
            };
        }
        let service = service.or(dialled.service);
        match service {
            Some(service) if !service.is_external() => {
                let peers = self.peers_at(service, dialled, parts.map_or(dialled.port, |(port, ..)| port));
                let endpoint =
                    if service.pods.is_empty() || service.kind == (Kind::Kubernetes { headless: true }) {
                        endpoint
                    } else {
                        endpoint.note("the ClusterIP leads to one of its pods")
                    };
                Way {
                    hops: vec![hop, endpoint],
                    ends: Ok(peers),
                }
            }
            _ => {
                let peer = dialled
                    .address
                    .and_then(|address| self.peer_at(address, dialled.port));
                match peer {
                    Some(peer) => Way {
                        hops: vec![hop, endpoint],
                        ends: Ok(vec![(peer, false)]),
                    },
                    None => Way {
                        hops: vec![hop, endpoint, super::transport::outside(cluster, &there)],
                        ends: Err(Outcome::Outside),
                    },
                }
            }
        }
    }

    /// Past every proxy, to the workloads of what was dialled.
    pub(super) fn straight(&mut self, dialled: &Dialled<'a>, hops: &mut Vec<Hop>) -> Ended {
        let there = self.destination(dialled);
        let peers = match (dialled.service, dialled.address) {
            (Some(service), _) if service.is_external() => Vec::new(),
            (Some(service), _) => self.peers_at(service, dialled, dialled.port),
            (None, Some(address)) => {
                let peer = self.peer_at(address, dialled.port);
                peer.map(|peer| (peer, false)).into_iter().collect()
            }
            (None, None) => Vec::new(),
        };
        if peers.is_empty() {
            hops.push(Hop::new(
                Step::Endpoint,
                format!("{there}, which no proxy of the mesh stands before"),
            ));
            return Ended::Here(Outcome::Outside);
        }
        let peers: Vec<_> = peers.into_iter().map(|(peer, _)| (peer, false)).collect();
        hops.push(Hop::new(
            Step::Endpoint,
            format!("{there} itself, past the caller's proxy"),
        ));
        if self.told.is_none()
            && let Some(hop) = hops.last_mut()
        {
            hop.says = format!("the workloads of {there} themselves");
        }
        Ended::Branches(self.meet_all(&[], 1_000_000, &peers, None))
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
