use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::proxy_config;
use crate::emit::snapshot::canonical_names;
use crate::emit::yaml;

/// A WorkloadGroup, as far as its machines' files depend on it.
#[derive(Clone, Debug, Default)]
pub struct WorkloadGroup {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `proxy.istio.io/config` of `metadata.annotations`, then of `spec.metadata.annotations`: YAML texts.
    pub proxy_configs: Vec<String>,
    /// `spec.metadata.labels`, and over them `spec.template.labels`.
    pub labels: BTreeMap<String, String>,
    /// `spec.template.ports`.
    pub ports: BTreeMap<String, u16>,
    /// `spec.template.serviceAccount`.
    pub account: String,
    /// `spec.template.network`.
    pub network: String,
    /// `spec.probe`.
    pub probe: Option<Value>,
    /// What is captured, where it is not what `istioctl` says: variables of `istio-iptables`.
    pub capture: BTreeMap<String, String>,
}

/// What the cluster and the machine add: istiod's mesh config, and what `istioctl` has flags for.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// MeshConfig, as it stands in the ConfigMap `istio`.
    pub mesh_config: Value,
    /// istiod's revision (`--revision`).
    pub revision: Option<String>,
    /// Namespace of istiod (`--istioNamespace`).
    pub system_namespace: String,
    /// `--clusterID`.
    pub cluster: String,
    /// The machine's address, if it is the same for all (`--internalIP`, `--externalIP`).
    pub address: Option<Address>,
    /// The gateway's address (`--ingressIP`).
    pub gateway: Option<IpAddr>,
    /// `--autoregister`.
    pub auto_register: bool,
    /// `--capture-dns`.
    pub dns_capture: bool,
}

/// A machine's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// One of its own.
    Internal(IpAddr),
    /// One that is translated on the way: applications are asked at the loopback address.
    External(IpAddr),
}

/// The files that pilot-agent of Istio's sidecar package reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Variables for its start.
    pub cluster_env: String,
    /// Its MeshConfig.
    pub mesh_yaml: String,
    /// What belongs into `/etc/hosts`.
    pub hosts: String,
}

/// The files of a machine, byte for byte as `istioctl x workload entry configure` writes them (Istio
/// `istioctl/pkg/workload/workload.go`).
///
/// # Errors
/// A `proxy.istio.io/config` is no YAML mapping: its text, and why.
pub fn configure(group: &WorkloadGroup, around: &Surroundings) -> Result<Files, BadProxyConfig> {
    let config = agent_config(group, around)?;
    let hosts = around.gateway.map(|address| {
        let istiod = istiod_host(&around.system_namespace, around.revision.as_deref());
        format!("{address} {istiod}\n")
    });
    Ok(Files {
        cluster_env: cluster_env(group, around, &config),
        mesh_yaml: yaml::as_istioctl(&json!({ "defaultConfig": config })),
        hosts: hosts.unwrap_or_default(),
    })
}

/// A `proxy.istio.io/config` cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the annotation `proxy.istio.io/config` is no YAML mapping: {0}")]
pub struct BadProxyConfig(String);

/// A revision of the name `default` is none.
fn revisioned(revision: Option<&str>) -> Option<&str> {
    revision.filter(|revision| !revision.is_empty() && *revision != "default")
}

/// `istiod.NAMESPACE.svc`, with the revision in its name.
pub(super) fn istiod_host(namespace: &str, revision: Option<&str>) -> String {
    match revisioned(revision) {
        Some(revision) => format!("istiod-{revision}.{namespace}.svc"),
        None => format!("istiod.{namespace}.svc"),
    }
}

fn istiod_address(around: &Surroundings) -> String {
    let host = istiod_host(&around.system_namespace, around.revision.as_deref());
    format!("{host}:15012")
}

/// The mesh's ProxyConfig, the group's over it, and what is computed over both.
fn agent_config(group: &WorkloadGroup, around: &Surroundings) -> Result<Map<String, Value>, BadProxyConfig> {
    let of_mesh = around
        .mesh_config
        .get("defaultConfig")
        .or_else(|| around.mesh_config.get("default_config"))
        .and_then(Value::as_object);
    let mut config = of_mesh.map(proxy_config::canonical).unwrap_or_default();
    let revisioned = revisioned(around.revision.as_deref()).is_some();
    if revisioned && !config.contains_key("discoveryAddress") {
        config.insert("discoveryAddress".to_owned(), json!(istiod_address(around)));
    }
    let mut metadata = metadata(&config);
    for text in &group.proxy_configs {
        let own: Value = serde_yaml::from_str(text).map_err(|error| BadProxyConfig(error.to_string()))?;
        let own = match own {
            Value::Null => Map::new(),
            Value::Object(own) => own,
            other => return Err(BadProxyConfig(format!("found {other}"))),
        };
        config.extend(proxy_config::canonical(&own));
        metadata.extend(self::metadata(&config));
    }
    let mesh_id = config.get("meshId").and_then(Value::as_str).unwrap_or_default();
    let trust_domain = around.mesh_config.get("trustDomain").and_then(Value::as_str);
    metadata.extend(computed(group, around, mesh_id, trust_domain.unwrap_or_default()));
    config.insert("proxyMetadata".to_owned(), json!(metadata));
    config.remove("readinessProbe");
    if let Some(Value::Object(probe)) = &group.probe {
        let probe = proxy_config::canonical(probe);
        config.insert("readinessProbe".to_owned(), Value::Object(probe));
    }
    Ok(config)
}

fn metadata(config: &Map<String, Value>) -> BTreeMap<String, String> {
    let map = config.get("proxyMetadata").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    map.into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// What follows from the group, whatever the variables said.
fn computed(
    group: &WorkloadGroup,
    around: &Surroundings,
    mesh_id: &str,
    trust_domain: &str,
) -> Vec<(String, String)> {
    let labels = canonical_names(&group.labels, &group.name);
    let (service, revision) = (&labels[CANONICAL.0], &labels[CANONICAL.1]);
    let mut all = vec![
        ("CANONICAL_SERVICE", service.clone()),
        ("CANONICAL_REVISION", revision.clone()),
        ("POD_NAMESPACE", group.namespace.clone()),
        ("SERVICE_ACCOUNT", group.account.clone()),
        ("TRUST_DOMAIN", trust_domain.to_owned()),
        ("ISTIO_META_CLUSTER_ID", around.cluster.clone()),
        ("ISTIO_META_MESH_ID", mesh_id.to_owned()),
        ("ISTIO_META_NETWORK", group.network.clone()),
        ("ISTIO_META_WORKLOAD_NAME", group.name.clone()),
        ("ISTIO_METAJSON_LABELS", json!(labels).to_string()),
    ];
    if !group.ports.is_empty() {
        all.push(("ISTIO_META_POD_PORTS", pod_ports(&group.ports)));
    }
    if around.dns_capture {
        all.push(("ISTIO_META_DNS_CAPTURE", "true".to_owned()));
    }
    if around.auto_register {
        all.push(("ISTIO_META_AUTO_REGISTER_GROUP", group.name.clone()));
    }
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The labels of Istio's canonical service and revision.
const CANONICAL: (&str, &str) = (
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
);

/// Its fields stand in this order.
fn pod_ports(ports: &BTreeMap<String, u16>) -> String {
    let one = |(name, port): (&String, &u16)| {
        format!(
            r#"{{"name":{},"containerPort":{port},"protocol":""}}"#,
            json!(name)
        )
    };
    let all: Vec<_> = ports.iter().map(one).collect();
    format!("[{}]", all.join(","))
}

fn cluster_env(group: &WorkloadGroup, around: &Surroundings, config: &Map<String, Value>) -> String {
    let mut all = metadata(config);
    let ports: Vec<_> = group.ports.values().map(ToString::to_string).collect();
    let inbound = if ports.is_empty() {
        "*".to_owned()
    } else {
        ports.join(",")
    };
    let own = [
        ("ISTIO_INBOUND_PORTS", inbound),
        ("ISTIO_NAMESPACE", group.namespace.clone()),
        ("ISTIO_SERVICE", format!("{}.{}", group.name, group.namespace)),
        ("ISTIO_SERVICE_CIDR", "*".to_owned()),
        ("ISTIO_LOCAL_EXCLUDE_PORTS", exclude(config)),
        ("SERVICE_ACCOUNT", group.account.clone()),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value)));
    all.extend(group.capture.clone());
    if revisioned(around.revision.as_deref()).is_some() {
        all.insert("CA_ADDR".to_owned(), istiod_address(around));
    }
    match around.address {
        Some(Address::Internal(address)) => {
            all.insert("ISTIO_SVC_IP".to_owned(), address.to_string());
        }
        Some(Address::External(address)) => {
            all.insert("ISTIO_SVC_IP".to_owned(), address.to_string());
            let rewrite = "REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION";
            all.insert(rewrite.to_owned(), "true".to_owned());
        }
        None => {}
    }
    env_file(&all)
}

/// SSH, Prometheus, the agent's health, and its status.
fn exclude(config: &Map<String, Value>) -> String {
    let status = config.get("statusPort").and_then(Value::as_u64).unwrap_or(15020);
    let mut ports = "22,15090,15021".to_owned();
    if status != 15090 && status != 15021 {
        let _ = write!(ports, ",{status}");
    }
    ports
}

/// Lines `NAME=VALUE`, ordered as whole lines.
pub(super) fn env_file(variables: &BTreeMap<String, String>) -> String {
    let mut lines: Vec<_> = variables
        .iter()
        .map(|(name, value)| format!("{name}={}\n", quoted(value)))
        .collect();
    lines.sort();
    lines.concat()
}

/// A word of the shell. Istio's pattern of what needs no quotes takes only these characters (`pkg/util/shellescape`).
fn quoted(value: &str) -> String {
    if !value.is_empty() && value.chars().all(|character| r"\w@%+=:,./-".contains(character)) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r#"'"'"'"#))
}
