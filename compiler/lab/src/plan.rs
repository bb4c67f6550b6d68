//! What a lab consists of, before anything of it exists.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

pub use ipnet::{IpNet, Ipv4Net};
use serde::Serialize;

/// Together with the dot between them, lab and machine are a host name for systemd-nspawn: 64 bytes.
pub const LONGEST_LAB: usize = 24;
const LONGEST_NODE: usize = 39;

/// Everything that [`Lab::up`](crate::Lab::up) needs to know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabPlan {
    /// Names the lab, its namespaces and its folders; the mesh's name.
    pub name: String,
    /// Debian packages of the machines and pods, on top of the lab's own.
    pub packages: BTreeSet<String>,
    /// Names outside of the mesh that the lab's public DNS knows; all others do not exist.
    pub outside: BTreeMap<String, OutsideName>,
    /// The network of the machines.
    pub vms: Segment,
    /// The network of the pods; its `dns` plays CoreDNS.
    pub pods: Segment,
    /// The network in between, on which the gateways' addresses lie.
    pub edge: Segment,
    /// Names that the cluster's DNS knows.
    pub cluster_hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The cluster's domain, such as `cluster.local`.
    pub cluster_domain: String,
    /// Booted machines by name.
    pub machines: BTreeMap<String, MachinePlan>,
    /// Pods by name.
    pub workloads: BTreeMap<String, PodPlan>,
}

/// One network of the lab, a bridge in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The range.
    pub range: Ipv4Net,
    /// The lab's own address on it: the default route of whoever is on it.
    pub router: Ipv4Addr,
    /// Where its DNS answers; also outside of `range`, such as a ClusterIP.
    pub dns: Option<Ipv4Addr>,
}

impl Segment {
    /// The network `range`, whose first address is the router's.
    pub fn of(range: Ipv4Net, dns: Option<Ipv4Addr>) -> Self {
        Self {
            range,
            router: nth(range, 1),
            dns,
        }
    }

    /// The network `range` with its DNS on the 53rd address, or the last one of a smaller network.
    pub fn with_dns(range: Ipv4Net) -> Self {
        let last = range.hosts().next_back().unwrap_or(range.broadcast());
        Self::of(range, Some(nth(range, 53).min(last)))
    }

    /// The 256 addresses around `address`, which is not the router's.
    pub fn around(address: Ipv4Addr) -> Self {
        let range = Ipv4Net::new_assert(address, 24).trunc();
        let free = [1, 254]
            .map(|place| nth(range, place))
            .into_iter()
            .find(|it| *it != address);
        Self {
            range,
            router: free.unwrap_or(range.network()),
            dns: None,
        }
    }
}

fn nth(range: Ipv4Net, place: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(range.network()).saturating_add(place))
}

/// A name outside of the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideName {
    /// Its address.
    pub address: IpAddr,
    /// Seconds that the answer may be kept.
    pub ttl: u32,
}

/// A booted machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MachinePlan {
    /// Its address on the machines' network.
    pub address: Ipv4Addr,
    /// Its user with an SSH key and sudo.
    pub user: String,
    /// What the user of the lab runs on it.
    pub setup: Setup,
}

/// What is put into a machine or pod before it starts, and done after.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Setup {
    /// Files.
    pub files: Vec<LabFile>,
    /// systemd units that start at boot (machines only).
    pub enable: Vec<String>,
    /// Shell commands, run once after the first boot (machines only).
    pub run: Vec<String>,
}

/// A file inside of a machine or pod.
#[derive(Clone, PartialEq, Serialize)]
pub struct LabFile {
    /// Absolute path inside.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Permissions.
    pub mode: u32,
}

impl std::fmt::Debug for LabFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes, {:o})", self.path, self.bytes.len(), self.mode)
    }
}

/// The program of a pod that is Envoy.
pub(crate) const ENVOY: &str = "envoy";
/// The program of a pod that is the application.
pub(crate) const APP: &str = "app";

/// Programs in a network namespace of their own: a pod, or a gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PodPlan {
    /// On which network.
    pub place: Place,
    /// Its address there.
    pub address: Ipv4Addr,
    /// Its Kubernetes namespace, for the search domains of DNS.
    pub namespace: String,
    /// Files.
    pub files: Vec<LabFile>,
    /// The application; empty runs none.
    pub command: Vec<String>,
    /// The port on which the application answers once it is ready.
    pub ready: Option<u16>,
    /// The Envoy beside it.
    pub envoy: Option<EnvoyPlan>,
}

/// The network that a pod is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The pods' own.
    Pods,
    /// That of the gateways.
    Edge,
}

/// An Envoy and how traffic comes to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvoyPlan {
    /// Its static bootstrap.
    pub bootstrap: serde_json::Value,
    /// Whether the namespace's TCP traffic is redirected into it, as `istio-init` does.
    pub capture: bool,
    /// Who it is; a gateway that only passes TLS on is nobody.
    pub identity: Option<PodIdentity>,
}

/// A workload certificate, as PEM texts.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PodIdentity {
    /// Leaf first, then intermediates.
    pub cert_chain: String,
    /// Private key.
    pub key: String,
    /// Trust bundle.
    pub roots: String,
}

impl std::fmt::Debug for PodIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PodIdentity(…)")
    }
}

/// A plan that cannot be carried out.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidPlan {
    /// The name does not fit into names of namespaces, control groups and folders.
    #[error("`{name}` names no lab, machine or pod: lower-case letters, digits and `-`, at most {longest}")]
    Name {
        /// The name.
        name: String,
        /// How long it may be.
        longest: usize,
    },
    /// A machine and a pod, or two networks, want the same.
    #[error("{what} `{name}` is used twice")]
    Twice {
        /// Name or address.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// An address does not lie on its network.
    #[error("{name} has the address {address}, outside of its network {range}")]
    OutsideOfRange {
        /// Machine or pod.
        name: String,
        /// Address.
        address: Ipv4Addr,
        /// Network.
        range: Ipv4Net,
    },
    /// A file's path is not absolute, or climbs.
    #[error("the file path `{0}` is not absolute, or contains `..`")]
    Path(String),
}

impl LabPlan {
    /// What makes this plan impossible, before anything is made.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self) -> Result<(), InvalidPlan> {
        let mut names = BTreeSet::new();
        let mut addresses = BTreeSet::from([self.vms.router, self.pods.router, self.edge.router]);
        addresses.extend([self.vms.dns, self.pods.dns].into_iter().flatten());
        valid_name(&self.name, LONGEST_LAB)?;
        for (name, address, segment, files) in self.nodes() {
            valid_name(name, LONGEST_NODE)?;
            if !names.insert(name) {
                return Err(InvalidPlan::Twice {
                    what: "the name",
                    name: name.to_owned(),
                });
            }
            if !addresses.insert(address) {
                return Err(InvalidPlan::Twice {
                    what: "the address",
                    name: address.to_string(),
                });
            }
            if !segment.range.contains(&address) {
                return Err(InvalidPlan::OutsideOfRange {
                    name: name.to_owned(),
                    address,
                    range: segment.range,
                });
            }
            files.iter().try_for_each(|file| valid_path(&file.path))?;
        }
        Ok(())
    }

    /// The network of a pod.
    pub(crate) fn segment(&self, place: Place) -> &Segment {
        match place {
            Place::Pods => &self.pods,
            Place::Edge => &self.edge,
        }
    }

    fn nodes(&self) -> impl Iterator<Item = (&str, Ipv4Addr, &Segment, &[LabFile])> {
        let machines = self
            .machines
            .iter()
            .map(|(name, it)| (name.as_str(), it.address, &self.vms, it.setup.files.as_slice()));
        let pods = self.workloads.iter().map(|(name, it)| {
            (
                name.as_str(),
                it.address,
                self.segment(it.place),
                it.files.as_slice(),
            )
        });
        machines.chain(pods)
    }
}

impl PodPlan {
    /// The programs that run in it, by the names of their logs.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &'static str> {
        let envoy = self.envoy.iter().map(|_| ENVOY);
        envoy.chain((!self.command.is_empty()).then_some(APP))
    }
}

fn valid_name(name: &str, longest: usize) -> Result<(), InvalidPlan> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > longest || name.starts_with('-') || !name.bytes().all(fits) {
        return Err(InvalidPlan::Name {
            name: name.to_owned(),
            longest,
        });
    }
    Ok(())
}

fn valid_path(path: &str) -> Result<(), InvalidPlan> {
    if path.starts_with('/') && !path.split('/').any(|part| part == "..") {
        return Ok(());
    }
    Err(InvalidPlan::Path(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> LabPlan {
        let segment = |range: &str, router: [u8; 4]| Segment {
            range: range.parse().unwrap(),
            router: Ipv4Addr::from(router),
            dns: None,
        };
        let machine = |last| MachinePlan {
            address: Ipv4Addr::new(10, 10, 0, last),
            user: "ubuntu".into(),
            setup: Setup::default(),
        };
        LabPlan {
            name: "forum".into(),
            packages: BTreeSet::new(),
            outside: BTreeMap::new(),
            vms: segment("10.10.0.0/24", [10, 10, 0, 1]),
            pods: segment("10.244.1.0/24", [10, 244, 1, 1]),
            edge: segment("203.0.113.0/24", [203, 0, 113, 1]),
            cluster_hosts: BTreeMap::new(),
            cluster_domain: "cluster.local".into(),
            machines: BTreeMap::from([("a".to_owned(), machine(25)), ("b".to_owned(), machine(26))]),
            workloads: BTreeMap::new(),
        }
    }

    #[test]
    fn a_sound_plan_is_accepted() {
        assert_eq!(plan().validate(), Ok(()));
    }

    #[test]
    fn names_that_would_leave_the_lab_are_refused() {
        let named = |name: &str| LabPlan {
            name: name.to_owned(),
            ..plan()
        };
        for name in [
            "",
            "..",
            "a/b",
            "Forum",
            "-x",
            "a-name-that-is-far-too-long-for-a-lab",
        ] {
            assert!(
                matches!(named(name).validate(), Err(InvalidPlan::Name { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn an_address_is_used_once_and_lies_on_its_network() {
        let mut twice = plan();
        twice.machines.get_mut("b").unwrap().address = Ipv4Addr::new(10, 10, 0, 25);
        assert!(matches!(
            twice.validate(),
            Err(InvalidPlan::Twice {
                what: "the address",
                ..
            })
        ));
        let mut router = plan();
        router.machines.get_mut("b").unwrap().address = Ipv4Addr::new(10, 10, 0, 1);
        assert!(matches!(router.validate(), Err(InvalidPlan::Twice { .. })));
        let mut outside = plan();
        outside.machines.get_mut("b").unwrap().address = Ipv4Addr::new(10, 11, 0, 1);
        assert!(matches!(
            outside.validate(),
            Err(InvalidPlan::OutsideOfRange { .. })
        ));
    }

    #[test]
    fn networks_have_their_router_and_dns_inside() {
        let vms = Segment::with_dns("10.10.0.0/24".parse().unwrap());
        assert_eq!(
            (vms.router, vms.dns),
            (Ipv4Addr::new(10, 10, 0, 1), Some(Ipv4Addr::new(10, 10, 0, 53)))
        );
        let small = Segment::with_dns("10.10.0.8/29".parse().unwrap());
        assert!(small.range.contains(&small.dns.unwrap()));
        let edge = Segment::around(Ipv4Addr::new(203, 0, 113, 1));
        assert_eq!(edge.router, Ipv4Addr::new(203, 0, 113, 254));
    }

    #[test]
    fn files_stay_inside() {
        let mut plan = plan();
        let file = LabFile {
            path: "/etc/../../x".into(),
            bytes: vec![],
            mode: 0o644,
        };
        plan.machines.get_mut("a").unwrap().setup.files.push(file);
        assert_eq!(plan.validate(), Err(InvalidPlan::Path("/etc/../../x".into())));
    }
}
