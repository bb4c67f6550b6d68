use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::workload::{Form, Service, Workload, is_subset};
use crate::diag::{FileId, Sources, Spanned};
use crate::manifest::Object;

/// All objects, as rules look them up.
pub(super) struct Index<'a> {
    /// The texts that they lie in.
    pub(super) sources: &'a Sources,
    written: &'a [Object],
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
    services: Vec<Service<'a>>,
    service_at: BTreeMap<(&'a str, &'a str), usize>,
    workloads: Vec<Workload<'a>>,
    /// Workloads by the hash of their namespace and each of their labels.
    by_label: HashMap<u64, Vec<usize>>,
    by_namespace: BTreeMap<&'a str, Vec<usize>>,
    accounts: BTreeMap<&'a str, BTreeMap<&'a str, &'a Object>>,
    /// Services by the hash of their namespace and each label of their selectors.
    by_selector: HashMap<u64, Vec<usize>>,
}

/// Istio's namespace: what is said there holds for the whole mesh.
pub(super) const ROOT: &str = "istio-system";

pub(super) const NETWORKING: &str = "networking.istio.io";
pub(super) const SECURITY: &str = "security.istio.io";
pub(super) const TELEMETRY: &str = "telemetry.istio.io";
pub(super) const EXTENSIONS: &str = "extensions.istio.io";
pub(super) const MONITORING: &str = "monitoring.coreos.com";

impl<'a> Index<'a> {
    pub(super) fn of(objects: &'a [Object], sources: &'a Sources) -> Self {
        let mut by_kind: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        let mut workloads = Vec::new();
        let mut services = Vec::new();
        for object in in_force(objects) {
            by_kind.entry(&object.kind.value).or_default().push(object);
            workloads.extend(Workload::of(object));
            if object.is("", "Service") {
                services.push(Service::of(object));
            }
        }
        let service_at = services
            .iter()
            .enumerate()
            .map(|(at, service)| {
                (
                    (service.object.namespace(), service.object.name.value.as_str()),
                    at,
                )
            })
            .collect();
        let mut accounts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for account in by_kind.get("ServiceAccount").into_iter().flatten() {
            let own = accounts.entry(account.namespace()).or_default();
            own.insert(account.name.value.as_str(), *account);
        }
        let mut by_selector: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, service) in services.iter().enumerate() {
            for label in &service.selector {
                let same = by_selector.entry(hash(service.object.namespace(), label));
                same.or_default().push(at);
            }
        }
        let mut by_label: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_namespace: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, workload) in workloads.iter().enumerate() {
            by_namespace
                .entry(workload.object.namespace())
                .or_default()
                .push(at);
            for label in &workload.labels {
                let same = by_label.entry(hash(workload.object.namespace(), label));
                same.or_default().push(at);
            }
        }
        Self {
            sources,
            written: objects,
            by_kind,
            services,
            service_at,
            workloads,
            by_label,
            by_namespace,
            accounts,
            by_selector,
        }
    }

    /// All that is written, also what is overwritten later.
    pub(super) fn written(&self) -> &'a [Object] {
        self.written
    }

    /// The folder that an object lies in.
    pub(super) fn folder(&self, object: &Object) -> &'a str {
        let path = self
            .sources
            .get(file(object))
            .map_or("", |source| source.path.as_str());
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// All that is in force.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Object> {
        self.by_kind.values().flatten().copied()
    }

    /// The objects of a kind, in the order in which they are written.
    pub(super) fn kind(&self, group: &str, kind: &str) -> impl Iterator<Item = &'a Object> {
        let of_kind = self.by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        of_kind
            .iter()
            .copied()
            .filter(move |object| object.group() == group)
    }

    pub(super) fn services(&self) -> &[Service<'a>] {
        &self.services
    }

    /// The ServiceAccount of a name.
    pub(super) fn account(&self, namespace: &str, name: &str) -> Option<&'a Object> {
        self.accounts.get(namespace)?.get(name).copied()
    }

    /// The ServiceAccounts of a namespace.
    pub(super) fn accounts(&self, namespace: &str) -> impl Iterator<Item = &'a Object> {
        self.accounts
            .get(namespace)
            .into_iter()
            .flat_map(|own| own.values().copied())
    }

    /// The services of a namespace whose selectors have this label, among others.
    pub(super) fn with_selector(&self, namespace: &str, label: &(String, String)) -> Vec<&Service<'a>> {
        let found = self.by_selector.get(&hash(namespace, label));
        let found = found.into_iter().flatten().map(|at| &self.services[*at]);
        let is_one = |service: &&Service<'_>| {
            service.object.namespace() == namespace && service.selector.contains(label)
        };
        found.filter(is_one).collect()
    }

    pub(super) fn workloads(&self) -> &[Workload<'a>] {
        &self.workloads
    }

    /// Those that are pods.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads
            .iter()
            .filter(|workload| workload.form == Form::Pods)
    }

    /// The Gateway of Istio that a route names.
    pub(super) fn gateway(&self, name: &str, route: &Object) -> Option<&'a Object> {
        let (namespace, own) = gateway_name(name, route);
        let mut gateways = self.kind(NETWORKING, "Gateway");
        gateways.find(|gateway| gateway.namespace() == namespace && gateway.name.value == own)
    }

    /// The workloads of a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<&Workload<'a>> {
        let own = self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        own.iter().map(|at| &self.workloads[*at]).collect()
    }

    /// The service that `host` means in an object of `namespace`: a name without dots is one of its own namespace.
    pub(super) fn service(&self, host: &str, namespace: &str) -> Option<&Service<'a>> {
        let (name, namespace) = service_name(host, namespace)?;
        self.service_at
            .get(&(namespace, name))
            .map(|at| &self.services[*at])
    }

    /// The workloads that a service finds by their labels.
    pub(super) fn selected(&self, service: &Service<'a>) -> Vec<&Workload<'a>> {
        self.with_labels(service.object.namespace(), &service.selector)
    }

    /// The workloads of a namespace with all of these labels; none if there are no labels.
    pub(super) fn with_labels(&self, namespace: &str, labels: &[(String, String)]) -> Vec<&Workload<'a>> {
        let Some(label) = labels.first() else {
            return Vec::new();
        };
        let candidates = self.by_label.get(&hash(namespace, label));
        let candidates = candidates.into_iter().flatten().map(|at| &self.workloads[*at]);
        candidates
            .filter(|workload| workload.object.namespace() == namespace)
            .filter(|workload| is_subset(labels, &workload.labels))
            .collect()
    }

    /// The services of its namespace that find `workload`.
    pub(super) fn selecting(&self, workload: &Workload<'a>) -> Vec<&Service<'a>> {
        let namespace = workload.object.namespace();
        let found = workload.labels.iter().flat_map(|label| {
            // By the first of its labels, each is found once.
            let own = self.with_selector(namespace, label);
            own.into_iter()
                .filter(move |service| service.selector.first() == Some(label))
        });
        found
            .filter(|service| is_subset(&service.selector, &workload.labels))
            .collect()
    }

    /// What says that workloads of `namespace` with `labels` take mutual TLS only, if it is so: the policy of the
    /// workload, of its namespace or of the mesh, the nearest first.
    pub(super) fn strict(&self, namespace: &str, labels: &[(String, String)]) -> Option<Spanned<String>> {
        let policies: Vec<_> = self.kind(SECURITY, "PeerAuthentication").collect();
        let own = |policy: &&&Object| {
            let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
            policy.namespace() == namespace && !selector.is_empty() && is_subset(&selector, labels)
        };
        let wide = |policy: &&&Object, home: &str| {
            policy.namespace() == home && policy.labels_at(&["spec", "selector", "matchLabels"]).is_empty()
        };
        let layers = [
            policies.iter().find(own),
            policies.iter().find(|policy| wide(policy, namespace)),
            policies.iter().find(|policy| wide(policy, ROOT)),
        ];
        let modes = layers
            .into_iter()
            .flatten()
            .filter_map(|policy| policy.text(&["spec", "mtls", "mode"]));
        let mode = modes.into_iter().find(|mode| mode.value != "UNSET")?;
        (mode.value == "STRICT").then_some(mode)
    }
}

/// Namespace and name of the gateway that a route calls `name`: without a namespace it is one of its own.
pub(super) fn gateway_name<'n>(name: &'n str, route: &'n Object) -> (&'n str, &'n str) {
    name.split_once('/').unwrap_or((route.namespace(), name))
}

/// The name and namespace of the Kubernetes service that `host` means.
pub(super) fn service_name<'h>(host: &'h str, namespace: &'h str) -> Option<(&'h str, &'h str)> {
    let mut parts = host.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(name), None, ..) if !name.is_empty() && name != "*" => Some((name, namespace)),
        (Some(name), Some(namespace), Some("svc"), Some(_)) => Some((name, namespace)),
        _ => None,
    }
}

fn hash(namespace: &str, label: &(String, String)) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, label).hash(&mut hasher);
    hasher.finish()
}

/// What is there when all is applied: of objects of one name the last.
fn in_force(objects: &[Object]) -> impl Iterator<Item = &Object> {
    let mut last = HashMap::new();
    for (at, object) in objects.iter().enumerate() {
        if !object.name.value.is_empty() {
            last.insert(identity(object), at);
        }
    }
    let stays = move |(at, object): &(usize, &Object)| {
        object.name.value.is_empty() || last.get(&identity(object)) == Some(at)
    };
    objects.iter().enumerate().filter(stays).map(|(_, object)| object)
}

/// What an object is known by.
pub(super) fn identity(object: &Object) -> (&str, &str, &str, &str) {
    (
        object.group(),
        &object.kind.value,
        object.namespace(),
        &object.name.value,
    )
}

/// The file that an object lies in.
pub(super) fn file(object: &Object) -> FileId {
    object.span.file
}
