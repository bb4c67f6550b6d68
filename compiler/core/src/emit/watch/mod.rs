//! What watches the mesh: how a Prometheus finds the VMs, alerts on what istiod's proxies and meshd export, and
//! dashboards for Grafana. Where Prometheus runs by its operator these are objects, in a component of kustomize of
//! their own, so that a cluster without the operator's CRDs can leave it out; else they are files for its
//! configuration, below `prometheus/CLUSTER/`.

mod alerts;
mod dashboards;
mod operator;
mod targets;

use serde_json::{Value, json};

use super::document::{json_bytes, yaml_text};
use super::output::File;
use crate::model::{Cluster, Mesh};

/// The folder of the component, below the cluster's.
pub(super) const COMPONENT: &str = "observability";

/// A Prometheus asks the proxies this often.
const INTERVAL: &str = "15s";

/// Where proxies tell their metrics, on the pods' and on the machines' ports.
const PATH: &str = "/stats/prometheus";

/// The objects of `cluster`, by file of the component.
fn objects(mesh: &Mesh, cluster: &Cluster) -> Vec<(&'static str, Vec<Value>)> {
    let watch = mesh.watch;
    let mut files = Vec::new();
    if watch.operator {
        files.push(("monitors.yaml", operator::monitors()));
        files.push(("vms.yaml", operator::scrape_configs(mesh, cluster)));
    }
    if watch.operator && watch.alerts {
        files.push(("rules.yaml", vec![operator::rules()]));
    }
    if watch.dashboards {
        files.push(("dashboards.yaml", vec![dashboards::config_map()]));
    }
    files.retain(|(_, objects)| !objects.is_empty());
    files
}

/// The cluster has a component of its own for what watches.
pub(super) fn has_component(mesh: &Mesh) -> bool {
    mesh.watch.operator || mesh.watch.dashboards
}

/// All files for `cluster`, by path below `out/`.
pub(super) fn files(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, File)> {
    let folder = format!("kubernetes/{}/{COMPONENT}", cluster.name);
    let objects = objects(mesh, cluster);
    let mut files: Vec<_> = objects
        .iter()
        .map(|(name, objects)| (format!("{folder}/{name}"), File::public(yaml_text(objects))))
        .collect();
    if has_component(mesh) {
        let names: Vec<_> = objects.iter().map(|(name, _)| *name).collect();
        let component = json!({
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "resources": names,
        });
        files.push((
            format!("{folder}/kustomization.yaml"),
            File::public(yaml_text([&component])),
        ));
    }
    if !mesh.watch.operator {
        files.extend(plain(mesh, cluster));
    }
    files
}

/// For a Prometheus that reads its configuration from files.
fn plain(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, File)> {
    let path = |name: &str| format!("prometheus/{}/{name}", cluster.name);
    let mut files = Vec::new();
    let targets = targets::of(mesh, cluster);
    if mesh.watch.prometheus && !targets.is_empty() {
        let targets: Vec<_> = targets.iter().map(targets::Target::group).collect();
        files.push((path("vms.json"), File::public(json_bytes(&targets))));
        let scrape = json!({
            "scrape_configs": [{
                "job_name": targets::JOB,
                "scrape_interval": INTERVAL,
                "metrics_path": PATH,
                "file_sd_configs": [{ "files": ["vms.json"] }],
            }],
        });
        files.push((path("scrape.yaml"), File::public(yaml_text([&scrape]))));
    }
    if mesh.watch.alerts {
        let rules = json!({ "groups": alerts::groups() });
        files.push((path("rules.yaml"), File::public(yaml_text([&rules]))));
    }
    files
}
