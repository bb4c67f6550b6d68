//! The DNS servers of a lab, two dnsmasq: the public one of the machines, and the cluster's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Stdio;

use crate::cgroup::Cgroup;
use crate::files::{self, FileError};
use crate::plan::{LabPlan, OutsideName};
use crate::process::{Spawn, SpawnError};

/// What both have in common: no files of the machine are read, nothing is remembered.
const COMMON: &str =
    "no-hosts\nno-resolv\nno-poll\ncache-size=0\nbind-interfaces\nlocal-ttl=5\npid-file=\nuser=root\n";

/// Starts the servers that `plan` has addresses for.
pub(crate) fn start(
    plan: &LabPlan,
    rootfs: &Path,
    netns: &Path,
    state: &Path,
    cgroup: &Cgroup,
) -> Result<(), SpawnError> {
    if let Some(address) = plan.vms.dns {
        serve(
            "dns-public",
            &public(address, &plan.outside),
            rootfs,
            netns,
            state,
            cgroup,
        )?;
    }
    if let Some(address) = plan.pods.dns {
        let text = cluster(address, plan.vms.dns, &plan.cluster_domain, &plan.cluster_hosts);
        serve("dns-cluster", &text, rootfs, netns, state, cgroup)?;
    }
    Ok(())
}

/// What a pod's /etc/resolv.conf says, as the kubelet writes it.
pub(crate) fn pod_resolv_conf(dns: Option<Ipv4Addr>, namespace: &str, domain: &str) -> String {
    let server = dns.map_or_else(String::new, |address| format!("nameserver {address}\n"));
    format!("{server}search {namespace}.svc.{domain} svc.{domain} {domain}\noptions ndots:5\n")
}

fn serve(
    name: &str,
    config: &str,
    rootfs: &Path,
    netns: &Path,
    state: &Path,
    cgroup: &Cgroup,
) -> Result<(), SpawnError> {
    let path = state.join(format!("{name}.conf"));
    files::write(&path, config.as_bytes(), 0o644)?;
    let config = fs::File::open(&path).map_err(|source| FileError::new("open", &path, source))?;
    // The configuration comes on standard input: the shared root stays as it is.
    Spawn::new(&cgroup.child(name), &state.join(format!("{name}.log")))
        .netns(netns)
        .stdin(Stdio::from(config))
        .start(&[
            "chroot",
            &rootfs.display().to_string(),
            "dnsmasq",
            "--keep-in-foreground",
            "--log-facility=-",
            "-C",
            "-",
        ])
}

/// The public DNS: the names it knows exist, all others do not.
fn public(address: Ipv4Addr, names: &BTreeMap<String, OutsideName>) -> String {
    let mut text = format!("{COMMON}listen-address={address}\naddress=/#/\n");
    for (name, entry) in names {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "host-record={name},{},{}", entry.address, entry.ttl);
    }
    text
}

/// The cluster's DNS: knows services, asks the public one for the rest.
fn cluster(
    address: Ipv4Addr,
    upstream: Option<Ipv4Addr>,
    domain: &str,
    hosts: &BTreeMap<String, Vec<IpAddr>>,
) -> String {
    let mut text = format!("{COMMON}listen-address={address}\nlocal=/{domain}/\n");
    if let Some(upstream) = upstream {
        let _ = writeln!(text, "server={upstream}");
    }
    for (name, addresses) in hosts {
        for address in addresses {
            let _ = writeln!(text, "host-record={name},{address},30");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_searches_its_namespace_first() {
        let text = pod_resolv_conf(Some(Ipv4Addr::new(10, 96, 0, 10)), "forum", "cluster.local");
        assert_eq!(
            text,
            "nameserver 10.96.0.10\nsearch forum.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"
        );
    }

    #[test]
    fn the_public_dns_knows_its_names_and_nothing_else() {
        let name = OutsideName {
            address: IpAddr::from([198, 51, 100, 80]),
            ttl: 300,
        };
        let text = public(
            Ipv4Addr::new(10, 10, 0, 53),
            &BTreeMap::from([("www.example.org".to_owned(), name)]),
        );
        assert!(text.contains("host-record=www.example.org,198.51.100.80,300\n"));
        assert!(text.contains("address=/#/\n") && !text.contains("server="));
    }
}
