//! Endpoints that come while a data plane runs: a file tells Envoy of them (EDS), as istiod would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::envoy::socket;

/// The files of clusters whose endpoints may become more, and what is in them.
#[derive(Debug)]
pub struct Arrivals {
    folder: PathBuf,
    assignments: Mutex<BTreeMap<String, Value>>,
}

impl Arrivals {
    /// Has Envoy read the endpoints of clusters that warm up from files; `config` is its bootstrap.
    pub fn of(config: &mut Value) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("conformance-{}-eds", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let arrivals = Self {
            folder,
            assignments: Mutex::default(),
        };
        for cluster in config["static_resources"]["clusters"].as_array_mut().unwrap() {
            if !cluster.to_string().contains("slow_start_config") {
                continue;
            }
            let name = cluster["name"].as_str().unwrap().to_owned();
            let assignment = cluster.as_object_mut().unwrap().remove("load_assignment");
            arrivals.write(&name, &assignment.unwrap());
            let path = arrivals.path(&name).display().to_string();
            cluster["type"] = "EDS".into();
            cluster["eds_cluster_config"] = json!({ "eds_config": { "path_config_source": { "path": path }, "resource_api_version": "V3" } });
        }
        arrivals
    }

    fn path(&self, cluster: &str) -> PathBuf {
        self.folder.join(format!("{cluster}.json"))
    }

    /// Envoy reads a file that is moved into place.
    fn write(&self, cluster: &str, assignment: &Value) {
        let mut resource = assignment.clone();
        resource["@type"] = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment".into();
        let mut all = self.assignments.lock().unwrap();
        all.insert(cluster.to_owned(), assignment.clone());
        let content = json!({ "version_info": "1", "resources": [resource] });
        let (new, path) = (self.folder.join("new"), self.path(cluster));
        std::fs::write(&new, content.to_string()).unwrap();
        std::fs::rename(&new, &path).unwrap();
    }

    /// Adds `endpoint` to `cluster`.
    pub fn add(&self, cluster: &str, endpoint: SocketAddr) {
        let mut assignment = self.assignments.lock().unwrap()[cluster].clone();
        let all = assignment["endpoints"][0]["lb_endpoints"].as_array_mut().unwrap();
        let mut another = all[0].clone();
        another["endpoint"]["address"] = socket(endpoint);
        all.push(another);
        self.write(cluster, &assignment);
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}
