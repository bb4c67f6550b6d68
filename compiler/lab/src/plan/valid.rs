use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{LabFile, LabPlan, Segment};

/// Together with the dot between them, lab and machine are a host name for systemd-nspawn: 64 bytes.
pub const LONGEST_LAB: usize = 24;
const LONGEST_NODE: usize = 39;

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
    use std::collections::BTreeMap;

    use super::super::{MachinePlan, Setup};
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
