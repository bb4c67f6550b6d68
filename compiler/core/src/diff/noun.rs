use serde::Serialize;
use serde_json::Value;

use super::normal::{full_host, short_host};
use crate::model::Identity;

/// What a thing of a mesh is for people, in the order in which they think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noun {
    /// Values for Istio's charts: the mesh's name, trust domain, networks.
    Settings,
    /// Gateway.
    Gateway,
    /// Namespace.
    Namespace,
    /// ServiceAccount.
    Account,
    /// Service.
    Service,
    /// ServiceEntry.
    External,
    /// WorkloadGroup.
    Group,
    /// WorkloadEntry.
    Vm,
    /// DestinationRule.
    Traffic,
    /// VirtualService.
    Routes,
    /// PeerAuthentication.
    Mtls,
    /// AuthorizationPolicy.
    Access,
    /// RequestAuthentication.
    Tokens,
    /// Telemetry.
    Telemetry,
    /// Any other object.
    Object,
    /// A file of the user's own, or for Prometheus.
    File,
}

impl Noun {
    /// As people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Gateway => "gateway",
            Self::Namespace => "namespace",
            Self::Account => "account",
            Self::Service => "service",
            Self::External => "external service",
            Self::Group => "group of VMs",
            Self::Vm => "VM",
            Self::Traffic => "traffic policy of",
            Self::Routes => "routes of",
            Self::Mtls => "mTLS of",
            Self::Access => "access rules of",
            Self::Tokens => "tokens of",
            Self::Telemetry => "telemetry of",
            Self::Object => "object",
            Self::File => "file",
        }
    }
}

/// Which thing it is, whatever its object is called: objects of Istio are found by what they are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) noun: Noun,
    /// Of the object; empty for what belongs to none.
    pub(super) namespace: String,
    /// Name, host or labels: what it is about.
    pub(super) about: String,
    /// What else tells it from others that are about the same.
    pub(super) more: String,
}

/// The namespace whose policies hold everywhere.
pub(super) const ROOT: &str = "istio-system";
/// What they are about, for people.
pub(super) const EVERYWHERE: &str = "the mesh";

impl Key {
    pub(super) fn of(identity: &Identity, object: &Value, normal: &Value) -> Self {
        let namespace = identity.namespace.clone().unwrap_or_default();
        let noun = noun(identity, object);
        let host = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let full = |host: &str| short_host(&full_host(host, &namespace)).to_owned();
        let (about, more) = match noun {
            Noun::Traffic => (host("/spec/host").map(full), String::new()),
            Noun::Routes => {
                let gateways = normal.pointer("/spec/gateways");
                // Of those of gateways, one host may have several.
                let more = gateways.map(|gateways| format!("{} {}", joined(gateways), identity.name));
                (hosts(normal), more.unwrap_or_default())
            }
            Noun::External => (hosts(normal), String::new()),
            Noun::Mtls | Noun::Tokens | Noun::Telemetry | Noun::Access => {
                let more = if noun == Noun::Access {
                    how(object, normal)
                } else {
                    String::new()
                };
                (Some(workloads(&namespace, normal)), more)
            }
            Noun::Object => (
                Some(format!("{} {}", identity.kind, identity.name)),
                identity.group.clone(),
            ),
            _ => (None, String::new()),
        };
        Self {
            noun,
            namespace,
            about: about.unwrap_or_else(|| identity.name.clone()),
            more,
        }
    }

    /// As people call it.
    pub(super) fn label(&self) -> String {
        let Self {
            noun,
            namespace,
            about,
            ..
        } = self;
        match noun {
            Noun::Service | Noun::Group | Noun::Vm | Noun::Account | Noun::Object
                if !namespace.is_empty() =>
            {
                format!("{about}.{namespace}")
            }
            _ => about.clone(),
        }
    }
}

fn noun(identity: &Identity, object: &Value) -> Noun {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("", "Namespace") => Noun::Namespace,
        ("", "ServiceAccount") => Noun::Account,
        ("", "Service") => Noun::Service,
        ("networking.istio.io", "ServiceEntry") => Noun::External,
        ("networking.istio.io", "WorkloadGroup") => Noun::Group,
        ("networking.istio.io", "WorkloadEntry") => Noun::Vm,
        ("networking.istio.io", "DestinationRule") if object.pointer("/spec/workloadSelector").is_none() => {
            Noun::Traffic
        }
        ("networking.istio.io", "VirtualService") => Noun::Routes,
        ("networking.istio.io", "Gateway") => Noun::Gateway,
        ("security.istio.io", "PeerAuthentication") => Noun::Mtls,
        ("security.istio.io", "AuthorizationPolicy") => Noun::Access,
        ("security.istio.io", "RequestAuthentication") => Noun::Tokens,
        ("telemetry.istio.io", "Telemetry") => Noun::Telemetry,
        _ => Noun::Object,
    }
}

fn joined(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(",")
}

fn hosts(normal: &Value) -> Option<String> {
    let hosts = normal.pointer("/spec/hosts")?.as_array()?;
    let hosts: Vec<_> = hosts.iter().filter_map(Value::as_str).map(short_host).collect();
    Some(hosts.join(","))
}

/// What a policy does where several are about the same workloads.
fn how(object: &Value, normal: &Value) -> String {
    let action = normal
        .pointer("/spec/action")
        .and_then(Value::as_str)
        .unwrap_or("ALLOW");
    let provider = normal
        .pointer("/spec/provider/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let dry_run = object
        .pointer("/metadata/annotations/istio.io~1dry-run")
        .and_then(Value::as_str)
        == Some("true");
    format!("{action}{}{provider}", if dry_run { " dry-run" } else { "" })
}

/// The workloads that a policy is for.
fn workloads(namespace: &str, normal: &Value) -> String {
    if let Some(targets) = normal
        .pointer("/spec/targetRefs")
        .or_else(|| normal.pointer("/spec/targetRef"))
    {
        return format!("{targets} in {namespace}");
    }
    let labels = normal
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    match labels.filter(|labels| !labels.is_empty()) {
        Some(labels) => {
            let labels: Vec<_> = labels
                .iter()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            format!("{} in {namespace}", labels.join(","))
        }
        None if namespace == ROOT => EVERYWHERE.to_owned(),
        None => format!("namespace {namespace}"),
    }
}
