//! From a cluster to its endpoints, and to the workloads that they are.

mod endpoints;

use mesh_wire::cluster::{Cluster, Discovery};
use mesh_wire::route::WeightedCluster;
use serde_json::json;

use super::dial::Dialled;
use super::listen::target;
use super::peer::Peer;
use super::{Branch, Ended, Hop, Outcome, Step, Told, Walk};
use crate::diag::code;
use crate::model::{Kind, Service};
use crate::query::place;
use crate::query::wire::endpoint::ranked;

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
