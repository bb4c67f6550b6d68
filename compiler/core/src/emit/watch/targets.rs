use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::model::{Cluster, Group, Mesh};

/// The job of all VMs.
pub(super) const JOB: &str = "mesh-vms";

/// The port that proxies tell their metrics on.
const PORT: u16 = 15090;

/// A VM, as a Prometheus is told of it.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) group: &'a Group,
    address: SocketAddr,
    labels: BTreeMap<&'static str, String>,
}

/// The VMs that belong to `cluster`, ordered by namespace, group and name. No ServiceMonitor or PodMonitor finds
/// them: their WorkloadEntries are no pods.
pub(super) fn of<'a>(mesh: &'a Mesh, cluster: &Cluster) -> Vec<Target<'a>> {
    let groups = mesh.groups.iter().filter(|group| group.cluster == cluster.name);
    let mut all = Vec::new();
    for group in groups {
        for vm in &group.vms {
            let app = vm.labels.get("app").or_else(|| group.labels.get("app"));
            let labels = [
                ("vm", vm.name.clone()),
                ("namespace", group.namespace.clone()),
                ("workload", group.name.clone()),
                ("app", app.cloned().unwrap_or_default()),
                ("mesh", mesh.name.clone()),
                ("cluster", cluster.name.clone()),
                ("network", group.network.clone()),
                ("region", vm.locality.region.clone()),
                ("zone", vm.locality.zone.clone()),
            ];
            all.push(Target {
                group,
                address: SocketAddr::new(vm.address, PORT),
                labels: labels
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect(),
            });
        }
    }
    all
}

impl Target<'_> {
    /// A target group of `file_sd_configs` and of `static_configs`.
    pub(super) fn group(&self) -> Value {
        json!({ "targets": [self.address.to_string()], "labels": self.labels })
    }
}
