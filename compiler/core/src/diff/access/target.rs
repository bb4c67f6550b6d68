use std::collections::BTreeMap;

use serde_json::Value;

use super::policy::{Action, Policy};
use crate::diff::noun::{Key, Noun, ROOT};
use crate::diff::objects::{Objects, Thing};

type Labels = BTreeMap<String, String>;

/// What is called: a port of a service, on workloads with certain labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) namespace: String,
    pub(super) service: String,
    pub(super) port: u64,
    /// Labels of its workloads beyond the selector, where some have more; they may have rules of their own.
    pub(super) only: Vec<String>,
}

/// What holds for callers of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    /// In order, so that two are compared.
    pub(super) policies: Vec<Policy>,
    pub(super) mtls: Mtls,
    /// The proxy understands requests.
    pub(super) has_requests: bool,
    /// The port of the workload.
    pub(super) port: String,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum May<'a> {
    /// It is refused.
    Not,
    /// This authorizer decides.
    Asked(&'a str),
    /// It gets through.
    Freely,
}

impl<'a> May<'a> {
    /// How much that is.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Not => 0,
            Self::Asked(_) => 1,
            Self::Freely => 2,
        }
    }

    /// The authorizer that decides.
    pub(super) const fn asked(self) -> Option<&'a str> {
        match self {
            Self::Asked(name) => Some(name),
            Self::Not | Self::Freely => None,
        }
    }
}

/// Whose certificate is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mtls {
    Strict,
    Permissive,
    Disabled,
}

impl Guard {
    /// Callers get through whom no policy refuses; where one asks an authorizer, that decides about the rest.
    pub(super) fn says(&self, request: &super::policy::Request<'_>) -> May<'_> {
        let of = |action| self.policies.iter().filter(move |policy| policy.action == action);
        let takes = |policy: &Policy| policy.takes(request, self.has_requests);
        if of(Action::Deny).any(takes) {
            return May::Not;
        }
        let mut allow = of(Action::Allow).peekable();
        if allow.peek().is_some() && !allow.any(takes) {
            return May::Not;
        }
        let asked = of(Action::Ask).find(|policy| takes(policy));
        asked.map_or(May::Freely, |policy| {
            May::Asked(policy.authorizer.as_deref().unwrap_or_default())
        })
    }
}

/// Every target with its guard.
pub(super) fn targets(objects: &Objects) -> BTreeMap<Target, Guard> {
    let policies = Policies::of(objects);
    let workloads = workloads(objects);
    let mut by_label: BTreeMap<_, Vec<&Workloads<'_>>> = BTreeMap::new();
    for one in &workloads {
        for label in &one.labels {
            by_label
                .entry((one.namespace.as_str(), label))
                .or_default()
                .push(one);
        }
    }
    let mut found = BTreeMap::new();
    for (key, thing) in objects
        .iter()
        .filter(|(key, _)| matches!(key.noun, Noun::Service | Noun::External))
    {
        let Some((selector, ports)) = service(key, thing) else {
            continue;
        };
        // One ServiceEntry may be several services, by their hosts.
        let name = match (key.noun, thing.said_by.first()) {
            (Noun::Service, Some(one)) => one.name.as_str(),
            _ => key.about.as_str(),
        };
        let first = selector.iter().next();
        let alike = first.and_then(|label| by_label.get(&(key.namespace.as_str(), label)));
        let own = alike.into_iter().flatten().copied();
        let own = own.filter(|one| has(&one.labels, &selector));
        // Pods carry at least the selector; machines and Deployments say what else they carry.
        let mut kinds: BTreeMap<Labels, Option<&Value>> =
            own.map(|one| (one.labels.clone(), one.ports)).collect();
        kinds.entry(selector.clone()).or_insert(None);
        for port in &ports {
            let guards: Vec<_> = kinds
                .iter()
                .map(|(labels, own)| (labels, policies.guard(&key.namespace, labels, port, *own)))
                .collect();
            let plain = guards
                .iter()
                .find(|(labels, _)| **labels == selector)
                .map(|(_, guard)| guard);
            for (labels, guard) in &guards {
                let special = **labels != selector && Some(guard) != plain;
                if **labels != selector && !special {
                    continue;
                }
                let only = labels
                    .iter()
                    .filter(|(key, value)| selector.get(*key) != Some(value));
                let only = only.map(|(key, value)| format!("{key}={value}")).collect();
                let target = Target {
                    namespace: key.namespace.clone(),
                    service: name.to_owned(),
                    port: port.number,
                    only: if special { only } else { Vec::new() },
                };
                found.insert(target, guard.clone());
            }
        }
    }
    found
}

/// A port of a service.
struct Port {
    number: u64,
    name: String,
    target: Option<Value>,
    has_requests: bool,
}

fn service(key: &Key, thing: &Thing) -> Option<(Labels, Vec<Port>)> {
    let spec = thing.normal.get("spec")?;
    let (selector, number) = match key.noun {
        Noun::Service => (spec.get("selector"), "port"),
        _ => (spec.pointer("/workloadSelector/labels"), "number"),
    };
    let selector = labels(selector?);
    let ports = spec.get("ports").and_then(Value::as_array).into_iter().flatten();
    let text = |port: &Value, key: &str| {
        port.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let ports = ports.filter_map(|port| {
        let protocol = text(port, "protocol").to_ascii_lowercase();
        Some(Port {
            number: port.get(number)?.as_u64()?,
            name: text(port, "name"),
            target: port.get("targetPort").cloned(),
            // What is spoken may be seen only when it is spoken: it may be requests.
            has_requests: protocol.starts_with("http") && protocol != "https"
                || protocol.starts_with("grpc")
                || protocol == "auto",
        })
        .filter(|_| protocol != "udp")
    });
    (!selector.is_empty()).then(|| (selector, ports.collect()))
}

/// Workloads of one kind.
struct Workloads<'a> {
    namespace: String,
    labels: Labels,
    ports: Option<&'a Value>,
}

fn workloads(objects: &Objects) -> Vec<Workloads<'_>> {
    let mut found = Vec::new();
    for (key, thing) in objects.iter() {
        let (own, ports) = match key.noun {
            Noun::Group => ("/spec/metadata/labels", "/spec/template/ports"),
            Noun::Vm => ("/spec/labels", "/spec/ports"),
            Noun::Object => ("/spec/template/metadata/labels", ""),
            _ => continue,
        };
        if let Some(own) = thing.normal.pointer(own) {
            found.push(Workloads {
                namespace: key.namespace.clone(),
                labels: labels(own),
                ports: (!ports.is_empty()).then(|| thing.normal.pointer(ports)).flatten(),
            });
        }
    }
    found
}

fn labels(value: &Value) -> Labels {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn has(labels: &Labels, asked: &Labels) -> bool {
    asked.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// What guards workloads, by where it is said.
struct Policies<'a> {
    access: Vec<(&'a str, Labels, Policy)>,
    mtls: Vec<(&'a str, Labels, &'a Value)>,
}

impl<'a> Policies<'a> {
    fn of(objects: &'a Objects) -> Self {
        let selector = |thing: &Thing| {
            let asked = thing.normal.pointer("/spec/selector/matchLabels");
            asked.map(labels).unwrap_or_default()
        };
        let mut policies = Self {
            access: Vec::new(),
            mtls: Vec::new(),
        };
        for (key, thing) in objects.iter() {
            let namespace = key.namespace.as_str();
            // Those for gateways guard no service.
            if thing.normal.pointer("/spec/targetRefs").is_some()
                || thing.normal.pointer("/spec/targetRef").is_some()
            {
                continue;
            }
            match key.noun {
                Noun::Access => {
                    let policy = Policy::of(&thing.normal);
                    policies
                        .access
                        .extend(policy.map(|policy| (namespace, selector(thing), policy)));
                }
                Noun::Mtls => {
                    let spec = thing.normal.get("spec").unwrap_or(&Value::Null);
                    policies.mtls.push((namespace, selector(thing), spec));
                }
                _ => {}
            }
        }
        policies
    }

    fn guard(&self, namespace: &str, labels: &Labels, port: &Port, own: Option<&Value>) -> Guard {
        let target = workload_port(port, own);
        let of = |place: &str, asked: &Labels| (place == namespace || place == ROOT) && has(labels, asked);
        let policies = self.access.iter().filter(|(place, asked, _)| of(place, asked));
        let mut policies: Vec<_> = policies.map(|(_, _, policy)| policy.clone()).collect();
        policies.sort();
        Guard {
            policies,
            mtls: self.mode(namespace, labels, &target),
            has_requests: port.has_requests,
            port: target,
        }
    }

    /// The nearest place that says something wins: the workload, its namespace, the mesh.
    fn mode(&self, namespace: &str, labels: &Labels, port: &str) -> Mtls {
        let own = |(place, asked, _): &&(&str, Labels, &Value)| {
            *place == namespace && !asked.is_empty() && has(labels, asked)
        };
        let whole =
            |at: &'a str| move |(place, asked, _): &&(&str, Labels, &Value)| *place == at && asked.is_empty();
        let said = |spec: &Value, pointer: &str| spec.pointer(pointer).and_then(Value::as_str).and_then(mode);
        let own = self.mtls.iter().find(own).map(|(_, _, spec)| *spec);
        let of_port = own.and_then(|spec| said(spec, &format!("/portLevelMtls/{port}/mode")));
        let around = || {
            // What is found is borrowed from the objects, not from the name.
            let in_namespace = self
                .mtls
                .iter()
                .find(|(place, asked, _)| *place == namespace && asked.is_empty());
            let in_mesh = self.mtls.iter().find(whole(ROOT));
            let places = [in_namespace, in_mesh].into_iter().flatten();
            places.filter_map(|(_, _, spec)| said(spec, "/mtls/mode")).next()
        };
        of_port
            .or_else(|| own.and_then(|spec| said(spec, "/mtls/mode")))
            .or_else(around)
            .unwrap_or(Mtls::Permissive)
    }
}

fn mode(word: &str) -> Option<Mtls> {
    match word {
        "STRICT" => Some(Mtls::Strict),
        "PERMISSIVE" => Some(Mtls::Permissive),
        "DISABLE" => Some(Mtls::Disabled),
        _ => None,
    }
}

/// What the workload listens on: machines say it by the name of the port.
fn workload_port(port: &Port, own: Option<&Value>) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let by_name = |name: &str| own.and_then(|ports| ports.get(name)).map(text);
    by_name(&port.name)
        .or_else(|| port.target.as_ref().and_then(Value::as_str).and_then(by_name))
        .or_else(|| port.target.as_ref().map(text))
        .unwrap_or_else(|| port.number.to_string())
}
