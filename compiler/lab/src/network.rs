//! The networks of a lab: bridges in a namespace that has no route out, and a namespace for each pod.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{CommandError, in_netns, run, run_with_input};
use crate::plan::{LabPlan, Place, PodPlan, Segment};

/// Where `ip` keeps the names of network namespaces.
const NAMED: &str = "/run/netns";

/// The bridge of the machines, in the lab's namespace.
pub(crate) const VMS_BRIDGE: &str = "vms";

/// What the lab's router lets through: whoever is on the machines' network reaches pods only through the
/// gateway, as where the two networks are really apart; pods reach machines (Istio's own asymmetry).
const RULES: &str = "table inet lab {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
        iifname \"vms\" oifname \"pods\" counter drop
    }
}
";

/// The name of the lab's own namespace, in which the operator sits.
pub(crate) fn outer(lab: &str) -> String {
    format!("meshlab-{lab}")
}

/// The name of a pod's namespace.
pub(crate) fn inner(lab: &str, pod: &str) -> String {
    format!("meshlab-{lab}.{pod}")
}

/// The file that stands for the namespace `name`.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(NAMED).join(name)
}

/// Makes the lab's namespace with its bridges.
pub(crate) fn make_outer(plan: &LabPlan, rootfs: &Path) -> Result<(), CommandError> {
    let name = outer(&plan.name);
    run(Command::new("ip").args(["netns", "add", &name]))?;
    run_with_input(
        Command::new("ip").args(["-n", &name, "-batch", "-"]),
        &outer_links(plan),
    )?;
    let netns = path(&name);
    // /proc/sys/net shows the namespace of the process that opens it.
    run(in_netns(&netns, "sh").args(["-ec", "echo 1 > /proc/sys/net/ipv4/ip_forward"]))?;
    run_with_input(
        in_netns(&netns, "chroot").arg(rootfs).args(["nft", "-f", "-"]),
        RULES,
    )?;
    Ok(())
}

/// Makes the namespace of a pod and links it to the lab's; `index` tells its cable from others.
pub(crate) fn make_inner(
    plan: &LabPlan,
    name: &str,
    pod: &PodPlan,
    index: usize,
) -> Result<(), CommandError> {
    let (outer, inner) = (outer(&plan.name), inner(&plan.name, name));
    run(Command::new("ip").args(["netns", "add", &inner]))?;
    let cable = format!("pod{index}");
    let links = format!(
        "link add {cable} type veth peer name eth0 netns {inner}\nlink set {cable} master {} up\n",
        bridge(pod.place)
    );
    run_with_input(Command::new("ip").args(["-n", &outer, "-batch", "-"]), &links)?;
    let inside = inner_links(pod.address, plan.segment(pod.place));
    run_with_input(Command::new("ip").args(["-n", &inner, "-batch", "-"]), &inside)?;
    Ok(())
}

/// Removes all namespaces of the lab.
pub(crate) fn remove(lab: &str) -> Result<(), CommandError> {
    let (own, children) = (outer(lab), format!("{}.", outer(lab)));
    let Ok(entries) = std::fs::read_dir(NAMED) else {
        return Ok(());
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    for name in names.filter(|name| *name == own || name.starts_with(&children)) {
        run(Command::new("ip").args(["netns", "delete", &name]))?;
    }
    Ok(())
}

fn bridge(place: Place) -> &'static str {
    match place {
        Place::Pods => "pods",
        Place::Edge => "edge",
    }
}

fn outer_links(plan: &LabPlan) -> String {
    let mut lines = "link set lo up\n".to_owned();
    for (name, segment) in [
        (VMS_BRIDGE, &plan.vms),
        ("pods", &plan.pods),
        ("edge", &plan.edge),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "link add {name} type bridge");
        let _ = writeln!(
            lines,
            "addr add {}/{} dev {name}",
            segment.router,
            segment.range.prefix_len()
        );
        if let Some(dns) = segment.dns {
            let _ = writeln!(lines, "addr add {dns}/32 dev {name}");
        }
        let _ = writeln!(lines, "link set {name} up");
    }
    lines
}

fn inner_links(address: Ipv4Addr, segment: &Segment) -> String {
    format!(
        "link set lo up\naddr add {address}/{} dev eth0\nlink set eth0 up\nroute add default via {}\n",
        segment.range.prefix_len(),
        segment.router
    )
}
