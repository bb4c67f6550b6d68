use std::collections::{BTreeMap, BTreeSet};

use super::Purpose;
use super::draft::Draft;
use super::index::{Index, Labels, ROOT};
use super::selectors::Selectors;
use crate::diag::{Span, Spanned};
use crate::emit::istio::NOBODY;
use crate::syntax::{Node, Scalar};

/// A spec that is put together.
pub(super) struct Tree {
    pub(super) index: Index,
    pub(super) purpose: Purpose,
    /// Where the objects begin.
    whole: Span,
    /// What holds everywhere.
    pub(super) mesh: Vec<Draft>,
    pub(super) gateways: Vec<Draft>,
    pub(super) networks: BTreeMap<String, Span>,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) notes: BTreeSet<String>,
}

/// A namespace that is put together.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) span: Span,
    pub(super) props: Vec<(String, Scalar, Span)>,
    pub(super) children: Vec<Draft>,
    pub(super) accounts: BTreeMap<String, Span>,
    pub(super) services: BTreeMap<String, Service>,
    /// What its services select.
    pub(super) selectors: Selectors,
    pub(super) groups: BTreeMap<String, Group>,
}

/// A service or an external service that is put together.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) draft: Draft,
    pub(super) host: String,
    pub(super) external: bool,
    pub(super) selector: Labels,
    pub(super) account: String,
    /// The account is one that objects name.
    pub(super) account_said: Option<Span>,
    pub(super) ports: Vec<Port>,
    /// Its versions, with their labels.
    pub(super) subsets: BTreeMap<String, Labels>,
    /// Places of its pods, as far as they are known; `None` where no pods are.
    pub(super) pods: Option<BTreeSet<String>>,
    /// Which namespaces know it (`exportTo`), ordered; empty is all.
    pub(super) visible: BTreeSet<String>,
}

/// A port of a service.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: i128,
    pub(super) name: String,
    pub(super) protocol: String,
    pub(super) draft: Draft,
}

/// Machines that are put together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) draft: Draft,
    pub(super) account: String,
    pub(super) network: String,
    pub(super) labels: Labels,
    pub(super) ports: BTreeMap<String, String>,
    pub(super) vms: BTreeMap<String, Draft>,
    /// All labels of single machines.
    pub(super) labels_of_vms: BTreeMap<String, Labels>,
    /// No WorkloadGroup says it.
    pub(super) made: bool,
    pub(super) span: Span,
}

impl Tree {
    pub(super) fn new(index: Index, purpose: Purpose, whole: Span) -> Self {
        Self {
            index,
            purpose,
            whole,
            mesh: Vec::new(),
            gateways: Vec::new(),
            networks: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            notes: BTreeSet::new(),
        }
    }

    /// The namespace `name`, which `span` mentions.
    pub(super) fn namespace(&mut self, name: &str, span: Span) -> &mut Namespace {
        self.namespaces
            .entry(name.to_owned())
            .or_insert_with(|| Namespace {
                span,
                props: Vec::new(),
                children: Vec::new(),
                accounts: BTreeMap::new(),
                services: BTreeMap::new(),
                selectors: Selectors::default(),
                groups: BTreeMap::new(),
            })
    }

    /// Namespaces that are named are there, though nothing else is said of them.
    pub(super) fn knows(&mut self, names: &BTreeSet<String>, span: Span) {
        for name in names.iter().filter(|name| *name != NOBODY) {
            self.namespace(name, span);
        }
    }

    /// The service that is called by `host` from `namespace`.
    pub(super) fn service_of(&self, host: &str) -> Option<(&str, &str)> {
        // Most are called by the names that Kubernetes gives them: those need no search.
        let mut parts = host.split('.');
        if let (Some(name), Some(namespace), Some("svc")) = (parts.next(), parts.next(), parts.next())
            && let Some((namespace, all)) = self.namespaces.get_key_value(namespace)
            && let Some((name, service)) = all.services.get_key_value(name)
            && service.host == host
        {
            return Some((namespace, name));
        }
        self.namespaces.iter().find_map(|(namespace, all)| {
            let found = all.services.iter().find(|(_, service)| service.host == host)?;
            Some((namespace.as_str(), found.0.as_str()))
        })
    }

    pub(super) fn service(&mut self, namespace: &str, name: &str) -> Option<&mut Service> {
        self.namespaces.get_mut(namespace)?.services.get_mut(name)
    }

    /// The service whose workloads have exactly these labels.
    pub(super) fn selected_by(&self, namespace: &str, labels: &Labels) -> Option<String> {
        let selectors = &self.namespaces.get(namespace)?.selectors;
        selectors.exactly(labels).map(str::to_owned)
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.insert(note.into());
    }

    /// All of it as nodes.
    pub(super) fn finish(mut self) -> (Vec<Node>, Vec<String>) {
        let mut nodes = vec![self.mesh_node()];
        nodes.extend(self.places());
        let names: Vec<String> = self.namespaces.keys().cloned().collect();
        for name in names {
            if let Some(namespace) = self.namespaces.remove(&name) {
                nodes.extend(self.namespace_node(&name, namespace));
            }
        }
        (
            nodes.into_iter().map(Draft::node).collect(),
            self.notes.into_iter().collect(),
        )
    }

    fn mesh_node(&mut self) -> Draft {
        let names = self.index.mesh.clone();
        let mesh = Draft::new("mesh", self.whole);
        let mut mesh = match &names.name {
            Some(name) => mesh.word(name),
            None => mesh.arg(Scalar::Text("mesh".to_owned()), self.whole),
        };
        let domain = names
            .trust_domain
            .filter(|domain| domain.value != "cluster.local");
        if let Some(domain) = domain {
            mesh.push(Draft::new("trust-domain", domain.span).word(&domain));
        }
        if let Some(mode) = names.outbound.filter(|mode| mode.value == "REGISTRY_ONLY") {
            mesh.push(
                Draft::new("outbound", mode.span).arg(Scalar::Text("registry-only".to_owned()), mode.span),
            );
        }
        // Istio's default, where no PeerAuthentication says another.
        if !self.mesh.iter().any(|child| child.is("mtls")) {
            let mode = Scalar::Text("permissive".to_owned());
            mesh.push(Draft::new("mtls", self.whole).arg(mode, self.whole));
        }
        mesh = mesh.children(std::mem::take(&mut self.mesh));
        mesh.sort();
        mesh
    }

    /// Networks and the cluster, where they have names.
    fn places(&mut self) -> Vec<Draft> {
        let Some(network) = self.index.network.clone() else {
            return Vec::new();
        };
        self.networks.entry(network.value.clone()).or_insert(network.span);
        let text = |name: &str| Scalar::Text(name.to_owned());
        let networks = self.networks.iter();
        let mut nodes: Vec<_> = networks
            .map(|(name, span)| Draft::new("network", *span).arg(text(name), *span))
            .collect();
        let cluster = self.index.mesh.cluster.clone().unwrap_or(Spanned {
            value: "Kubernetes".to_owned(),
            span: network.span,
        });
        let gateways = std::mem::take(&mut self.gateways);
        nodes.push(
            Draft::new("cluster", network.span)
                .word(&cluster)
                .text("network", Some(&network))
                .children(gateways),
        );
        nodes
    }

    fn namespace_node(&mut self, name: &str, namespace: Namespace) -> Option<Draft> {
        let Namespace {
            span,
            props,
            children,
            accounts,
            services,
            selectors,
            groups,
        } = namespace;
        let nothing = children.is_empty() && services.is_empty() && groups.is_empty() && accounts.is_empty();
        if name == ROOT && nothing {
            return None;
        }
        let mut node = Draft::new("namespace", span).arg(Scalar::Text(name.to_owned()), span);
        for (key, value, span) in props {
            node.put(&key, value, span);
        }
        // Nobody says that its pods get sidecars: writing the spec down must not begin it.
        if self.purpose == Purpose::Import && !self.index.namespaces.contains(name) && name != ROOT {
            node.put("injection", Scalar::Bool(false), span);
            self.note(format!(
                "no object says what labels the namespace {name} has: `injection=#false` leaves them alone"
            ));
        }
        let mut used: BTreeSet<&str> = services
            .values()
            .map(|service| service.account.as_str())
            .collect();
        used.extend(groups.values().map(|group| group.account.as_str()));
        used.insert("default");
        let alone = accounts
            .iter()
            .filter(|(account, _)| !used.contains(account.as_str()));
        let alone: Vec<_> = alone
            .map(|(account, span)| Draft::new("account", *span).arg(Scalar::Text(account.clone()), *span))
            .collect();
        node = node.children(children).children(alone);
        inhabit(&mut node, services, &selectors, &groups);
        node.sort();
        Some(node)
    }
}

/// Services, each with the machines that serve it alone; then all other machines.
fn inhabit(
    node: &mut Draft,
    services: BTreeMap<String, Service>,
    selectors: &Selectors,
    groups: &BTreeMap<String, Group>,
) {
    let mut served: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // The groups of each service, ordered.
    let mut serving: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, all) in groups {
        let on = selectors.asking(&all.labels);
        for name in &on {
            serving.entry(name).or_default().push(group);
        }
        served.insert(group, on);
    }
    // The service of the group's name is its owner, else the first.
    let owner = |group: &str| -> Option<&str> {
        let on = served.get(group)?;
        on.iter().find(|name| **name == group).or(on.first()).copied()
    };
    let mut inside: BTreeMap<&str, Vec<Draft>> = BTreeMap::new();
    let mut outside = Vec::new();
    for (name, group) in groups {
        let of = owner(name);
        let on = served.get(name.as_str()).into_iter().flatten();
        let on: Vec<&Service> = on.filter_map(|name| services.get(*name)).collect();
        let owned = of.and_then(|of| services.get(of).map(|all| (of, all)));
        let drawn = machines(name, group, owned, &on);
        match of {
            Some(of) => inside.entry(of).or_default().push(drawn),
            None => outside.push(drawn),
        }
    }
    for (name, service) in services {
        let name = name.as_str();
        let on = serving.get(name).map_or(&[][..], Vec::as_slice);
        let guests = on.iter().filter(|group| owner(group) != Some(name));
        let guests: Vec<String> = guests.map(|group| (*group).to_owned()).collect();
        let own = inside.remove(name).unwrap_or_default();
        let labels = on.iter().filter_map(|group| groups.get(*group));
        let labels: Vec<&Labels> = labels.flat_map(Group::all_labels).collect();
        node.push(service.finish(name, own, &guests, &labels));
    }
    outside.into_iter().for_each(|group| node.push(group));
}

/// A group, without what follows from its services.
fn machines(name: &str, group: &Group, owner: Option<(&str, &Service)>, on: &[&Service]) -> Draft {
    let mut draft = Draft::new("vms", group.span);
    if owner.is_none_or(|(owner, _)| owner != name) {
        draft = draft.arg(Scalar::Text(name.to_owned()), group.span);
    }
    let usual = owner.map_or(name, |(_, service)| service.account.as_str());
    if group.account != usual {
        draft.put("account", Scalar::Text(group.account.clone()), group.span);
    }
    draft.merge(group.draft.clone());
    let mut implied = Labels::new();
    implied.extend(on.iter().flat_map(|service| service.selector.clone()));
    let own: Vec<_> = group
        .labels
        .iter()
        .filter(|(key, value)| implied.get(*key) != Some(value))
        .collect();
    if !own.is_empty() {
        let mut label = Draft::new("label", group.span);
        for (key, value) in own {
            label.put(key, Scalar::Text(value.clone()), group.span);
        }
        draft.push(label);
    }
    let implied: BTreeSet<(&str, String)> = on.iter().flat_map(|service| service.port_targets()).collect();
    for (port, number) in &group.ports {
        if !implied.contains(&(port.as_str(), number.clone())) {
            let number = number
                .parse()
                .map_or_else(|_| Scalar::Text(number.clone()), Scalar::Integer);
            let port = Draft::new("port", group.span).arg(Scalar::Text(port.clone()), group.span);
            draft.push(port.arg(number, group.span));
        }
    }
    draft.sort();
    draft.children(group.vms.values().cloned())
}

impl Service {
    /// Its ports by name, with what the workloads listen on.
    fn port_targets(&self) -> impl Iterator<Item = (&str, String)> {
        self.ports.iter().map(|port| (port.name.as_str(), port.target()))
    }

    /// `serving` are the labels of its machines. Where it has some, pods have to be said.
    fn finish(self, name: &str, groups: Vec<Draft>, guests: &[String], serving: &[&Labels]) -> Draft {
        let is_machines = |labels: &Labels| serving.iter().any(|own| super::index::has(own, labels));
        let elsewhere = self.subsets.values().any(|labels| !is_machines(labels));
        let places = self.pods.iter().flatten();
        let span = self.draft.span();
        let mut pods: Vec<_> = places
            .map(|place| Draft::new("pods", span).prop("locality", Scalar::Text(place.clone()), span))
            .collect();
        if pods.is_empty() && !serving.is_empty() && (self.pods.is_some() || elsewhere) {
            pods.push(Draft::new("pods", span));
        }
        // One that runs on others' machines alone runs as they do.
        let guest = groups.is_empty() && !guests.is_empty() && pods.is_empty();
        let Self {
            mut draft,
            ports,
            account,
            account_said,
            external,
            ..
        } = self;
        if let Some(span) = account_said.filter(|_| !external && !guest && account != name) {
            draft.put("account", Scalar::Text(account), span);
        }
        for port in ports {
            draft.push(port.draft);
        }
        draft = draft.children(pods);
        if !guests.is_empty() {
            let on = guests.iter().fold(Draft::new("on", span), |on, group| {
                on.arg(Scalar::Text(group.clone()), span)
            });
            draft.push(on);
        }
        draft.sort();
        draft.children(groups)
    }
}

impl Group {
    /// The labels of its machines: those of the group, and those of single ones.
    fn all_labels(&self) -> impl Iterator<Item = &Labels> {
        std::iter::once(&self.labels).chain(self.labels_of_vms.values())
    }
}

impl Port {
    /// What the workload listens on, as it is written.
    fn target(&self) -> String {
        self.draft
            .said("target")
            .unwrap_or_else(|| self.number.to_string())
    }
}
