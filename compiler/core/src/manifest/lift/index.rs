use std::collections::{BTreeMap, BTreeSet};

use super::selectors::Labelled;
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::Datum;

pub(super) type Labels = BTreeMap<String, String>;

/// What there is among the objects, before any of it is said.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Names of all accounts, by namespace.
    pub(super) accounts: BTreeMap<String, BTreeSet<String>>,
    /// Labels of pods, by namespace, and the node that they run on, if they do.
    templates: BTreeMap<String, Labelled<Option<String>>>,
    /// Places of nodes: region and zone.
    nodes: BTreeMap<String, String>,
    /// Labels and account of all pods and machines, by namespace.
    workloads: BTreeMap<String, Labelled<String>>,
    /// The network of the cluster's pods, where istio-system says it.
    pub(super) network: Option<Spanned<String>>,
    /// East-west gateways: the label `istio` of their workloads, and the addresses that others dial.
    pub(super) gateways: BTreeMap<String, Gateway>,
    /// Namespaces that have an object.
    pub(super) namespaces: BTreeSet<String>,
    /// What the mesh's configuration says of its name and trust domain.
    pub(super) mesh: MeshNames,
}

/// A gateway's Service.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateway {
    pub(super) name: String,
    pub(super) addresses: Vec<String>,
    pub(super) cluster_ip: Option<Spanned<String>>,
}

/// What Istio's own configuration says.
#[derive(Clone, Debug, Default)]
pub(super) struct MeshNames {
    pub(super) trust_domain: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) cluster: Option<Spanned<String>>,
    pub(super) outbound: Option<Spanned<String>>,
}

/// Istio's root namespace.
pub(super) const ROOT: &str = "istio-system";

impl Index {
    pub(super) fn of(objects: &[(usize, &Object)]) -> Self {
        let mut index = Self::default();
        for (_, object) in objects {
            index.take(object);
        }
        index
    }

    fn take(&mut self, object: &Object) {
        let namespace = object.namespace().to_owned();
        match (object.group(), object.kind.value.as_str()) {
            ("", "Namespace") => {
                self.namespaces.insert(object.name.value.clone());
                let network = ["metadata", "labels", "topology.istio.io/network"];
                if object.name.value == ROOT && self.network.is_none() {
                    self.network = object.text(&network);
                }
            }
            ("", "ServiceAccount") => {
                self.accounts
                    .entry(namespace)
                    .or_default()
                    .insert(object.name.value.clone());
            }
            ("", "Node") => self.node(object),
            ("", "Pod") => self.pods_of(namespace, &object.body),
            ("apps" | "batch" | "argoproj.io", _) => {
                if let Some(template) = object.at(&["spec", "template"]) {
                    self.pods_of(namespace, template);
                }
            }
            ("networking.istio.io", "WorkloadGroup") => {
                let labels = labels(object.at(&["spec", "metadata", "labels"]));
                self.machine(
                    namespace,
                    labels,
                    object.text(&["spec", "template", "serviceAccount"]),
                );
            }
            ("networking.istio.io", "WorkloadEntry") => {
                let labels = labels(object.at(&["spec", "labels"]));
                self.machine(namespace, labels, object.text(&["spec", "serviceAccount"]));
            }
            ("", "Service") if namespace == ROOT => self.gateway(object),
            ("install.istio.io", "IstioOperator") => self.mesh_config(object.at(&["spec"])),
            _ => {}
        }
    }

    fn pods_of(&mut self, namespace: String, pod: &Datum) {
        let labels = labels(pod.at(&["metadata", "labels"]));
        let text = |key: &str| pod.at(&["spec", key]).and_then(Datum::text);
        let account = text("serviceAccountName").or_else(|| text("serviceAccount"));
        let account = account.map_or_else(|| "default".to_owned(), |account| account.value);
        let node = text("nodeName").map(|node| node.value);
        let pods = self.templates.entry(namespace.clone()).or_default();
        pods.push(labels.clone(), node);
        self.workloads.entry(namespace).or_default().push(labels, account);
    }

    /// The places of the pods with these labels, as far as their nodes are known; `None` where there are no pods.
    pub(super) fn places_of(&self, namespace: &str, selector: &Labels) -> Option<BTreeSet<String>> {
        let pods = self.templates.get(namespace)?;
        let own: Vec<_> = pods.selected(selector).collect();
        let places = own.iter().filter_map(|node| self.nodes.get(node.as_ref()?));
        (!own.is_empty()).then(|| places.cloned().collect())
    }

    fn node(&mut self, object: &Object) {
        let label =
            |key: &str| object.text(&["metadata", "labels", &format!("topology.kubernetes.io/{key}")]);
        if let Some(region) = label("region") {
            let zone = label("zone").map_or_else(String::new, |zone| format!("/{}", zone.value));
            self.nodes
                .insert(object.name.value.clone(), format!("{}{zone}", region.value));
        }
    }

    fn machine(&mut self, namespace: String, labels: Labels, account: Option<Spanned<String>>) {
        let account = account.map_or_else(|| "default".to_owned(), |account| account.value);
        self.workloads.entry(namespace).or_default().push(labels, account);
    }

    /// The Service of a gateway is known by the network that it leads into.
    fn gateway(&mut self, object: &Object) {
        let labels = labels(object.at(&["metadata", "labels"]));
        let selector = object.text(&["spec", "selector", "istio"]);
        let (Some(istio), true) = (selector, labels.contains_key("topology.istio.io/network")) else {
            return;
        };
        let ingress = object.items(&["status", "loadBalancer", "ingress"]).iter();
        let given = ingress.filter_map(|one| one.field_text("ip").or_else(|| one.field_text("hostname")));
        let external = object
            .items(&["spec", "externalIPs"])
            .iter()
            .filter_map(Datum::text);
        let addresses = given.chain(external).map(|address| address.value).collect();
        let cluster_ip = object
            .text(&["spec", "clusterIP"])
            .filter(|ip| ip.value != "None");
        let gateway = Gateway {
            name: object.name.value.clone(),
            addresses,
            cluster_ip,
        };
        self.gateways.insert(istio.value, gateway);
    }

    fn mesh_config(&mut self, spec: Option<&Datum>) {
        let text = |path: &[&str]| spec.and_then(|spec| spec.at(path)).and_then(Datum::text);
        self.mesh = MeshNames {
            trust_domain: text(&["meshConfig", "trustDomain"]),
            name: text(&["values", "global", "meshID"]),
            cluster: text(&["values", "global", "multiCluster", "clusterName"]),
            outbound: text(&["meshConfig", "outboundTrafficPolicy", "mode"]),
        };
    }

    /// The accounts of the workloads with these labels; `None` where none are known.
    pub(super) fn account_of<'a>(
        &'a self,
        namespace: &str,
        selector: &'a Labels,
    ) -> Option<BTreeSet<&'a str>> {
        let pods = self.workloads.get(namespace)?;
        let accounts: BTreeSet<_> = pods.selected(selector).map(String::as_str).collect();
        (!accounts.is_empty()).then_some(accounts)
    }

    pub(super) fn has_account(&self, namespace: &str, name: &str) -> bool {
        self.accounts
            .get(namespace)
            .is_some_and(|names| names.contains(name))
    }
}

pub(super) fn labels(datum: Option<&Datum>) -> Labels {
    let entries = datum.map_or(&[][..], Datum::entries);
    let pair = |entry: &crate::syntax::Entry| Some((entry.key.value.clone(), entry.value.text()?.value));
    entries.iter().filter_map(pair).collect()
}

/// Workloads with `labels` are asked for by `selector`.
pub(super) fn has(labels: &Labels, selector: &Labels) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}
