use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::targets::{self, JOB};
use super::{INTERVAL, PATH, alerts};
use crate::emit::document::Object;
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Cluster, Mesh};

const MONITORING: &str = "monitoring.coreos.com";

/// istiod, and the proxies of all pods. A proxy is asked on 15020, where its agent tells its own figures and the
/// application's beside Envoy's.
pub(super) fn monitors() -> Vec<Value> {
    let istiod = object("v1", "ServiceMonitor", SYSTEM_NAMESPACE, "istiod").spec(json!({
        "jobLabel": "istio",
        "selector": { "matchLabels": { "istio": "pilot" } },
        "namespaceSelector": { "matchNames": [SYSTEM_NAMESPACE] },
        "endpoints": [{ "port": "http-monitoring", "interval": INTERVAL }],
    }));
    let proxies = object("v1", "PodMonitor", SYSTEM_NAMESPACE, "mesh-proxies").spec(json!({
        "selector": { "matchLabels": { "security.istio.io/tlsMode": "istio" } },
        "namespaceSelector": { "any": true },
        "podMetricsEndpoints": [{
            "port": "http-envoy-prom",
            "path": PATH,
            "interval": INTERVAL,
            "relabelings": [{
                "action": "replace",
                "sourceLabels": ["__meta_kubernetes_pod_ip"],
                "regex": "(([0-9]+\\.){3}[0-9]+)",
                "replacement": "$1:15020",
                "targetLabel": "__address__",
            }, {
                "action": "replace",
                "sourceLabels": ["__meta_kubernetes_pod_ip"],
                "regex": "([0-9a-fA-F:]+:[0-9a-fA-F:]*)",
                "replacement": "[$1]:15020",
                "targetLabel": "__address__",
            }],
        }],
    }));
    vec![istiod, proxies]
}

/// The VMs of each group: groups grow to thousands, and an object has its bounds.
pub(super) fn scrape_configs(mesh: &Mesh, cluster: &Cluster) -> Vec<Value> {
    let mut groups: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for target in targets::of(mesh, cluster) {
        let key = (target.group.namespace.as_str(), target.group.name.as_str());
        groups.entry(key).or_default().push(target.group());
    }
    let config = |((namespace, name), targets): ((&str, &str), Vec<Value>)| {
        object("v1alpha1", "ScrapeConfig", namespace, &format!("{JOB}-{name}")).spec(json!({
            "jobName": JOB,
            "metricsPath": PATH,
            "scrapeInterval": INTERVAL,
            "staticConfigs": targets,
        }))
    };
    groups.into_iter().map(config).collect()
}

/// The alerts.
pub(super) fn rules() -> Value {
    object("v1", "PrometheusRule", SYSTEM_NAMESPACE, "mesh").spec(json!({ "groups": alerts::groups() }))
}

struct Monitoring {
    api: String,
    kind: &'static str,
    namespace: String,
    name: String,
}

fn object(version: &str, kind: &'static str, namespace: &str, name: &str) -> Monitoring {
    Monitoring {
        api: format!("{MONITORING}/{version}"),
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

impl Monitoring {
    fn spec(&self, spec: Value) -> Value {
        let object = Object {
            api: &self.api,
            kind: self.kind,
            namespace: Some(&self.namespace),
            name: &self.name,
        };
        object.spec(spec)
    }
}
