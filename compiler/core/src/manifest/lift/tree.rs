mod group;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use super::Purpose;
use super::draft::Draft;
use super::index::{Index, Labels, ROOT};
use super::selectors::Selectors;
use crate::diag::{Span, Spanned};
use crate::emit::istio::NOBODY;
use crate::syntax::{Node, Scalar};

pub(super) use group::Group;
pub(super) use service::{Port, Service};

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
        group::inhabit(&mut node, services, &selectors, &groups);
        node.sort();
        Some(node)
    }
}
