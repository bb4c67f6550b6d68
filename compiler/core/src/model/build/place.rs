use std::collections::{BTreeMap, BTreeSet};

use super::lookup::Lookup;
use super::settings::mode_of;
use crate::diag::{Sink, Span, Spanned};
use crate::model::{Cluster, Egress, Gateway, Namespace, Network, Telemetry};
use crate::spec::decl::{ClusterDecl, EgressDecl, GatewayDecl, Labels, NamespaceDecl, Spec};

/// Helm release and Service of a gateway that has no name (Istio `samples/multicluster`).
const GATEWAY: &str = "istio-eastwestgateway";

/// The same of an egress gateway (Istio's documentation).
const EGRESS: &str = "istio-egressgateway";

/// What Istio calls the cluster where nobody names it.
pub(super) const CLUSTER: &str = "Kubernetes";

/// The port of mutual TLS between networks.
const GATEWAY_PORT: u16 = 15443;

pub(super) fn networks(spec: &Spec) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for decl in &spec.networks {
        let mut cidrs = decl
            .cidrs
            .as_ref()
            .map(|cidrs| cidrs.value.clone())
            .unwrap_or_default();
        cidrs.sort();
        let network = Network {
            name: decl.name.value.clone(),
            cidrs,
            span: decl.span,
        };
        networks.entry(decl.name.value.clone()).or_insert(network);
    }
    networks
}

pub(super) fn clusters(
    spec: &Spec,
    lookup: &Lookup<'_>,
    whole: Span,
    sink: &mut Sink,
) -> BTreeMap<String, Cluster> {
    let mut clusters = BTreeMap::new();
    if spec.clusters.is_empty() {
        let cluster = Cluster {
            name: CLUSTER.to_owned(),
            network: lookup.network_of(CLUSTER).unwrap_or_default().to_owned(),
            context: None,
            gateways: Vec::new(),
            egress: Vec::new(),
            span: spec.mesh.as_ref().map_or(whole, |mesh| mesh.span),
        };
        clusters.insert(CLUSTER.to_owned(), cluster);
    }
    for decl in &spec.clusters {
        let cluster = cluster(decl, lookup, sink);
        clusters.entry(decl.name.value.clone()).or_insert(cluster);
    }
    clusters
}

fn cluster(decl: &ClusterDecl, lookup: &Lookup<'_>, sink: &mut Sink) -> Cluster {
    let mut gateways: Vec<_> = decl.gateways.iter().map(gateway).collect();
    gateways.sort_by(|a, b| a.name.cmp(&b.name));
    let mut egress: Vec<_> = decl.egress.iter().map(self::egress).collect();
    egress.sort_by(|a, b| a.name.cmp(&b.name));
    let network = lookup.network(decl.network.as_ref(), decl.span, "a cluster", sink);
    Cluster {
        name: decl.name.value.clone(),
        network: network.unwrap_or_default(),
        context: decl.context.as_ref().map(|context| context.value.clone()),
        gateways,
        egress,
        span: decl.span,
    }
}

fn egress(decl: &EgressDecl) -> Egress {
    Egress {
        name: egress_name(decl.name.as_ref()),
        span: decl.span,
    }
}

/// The name of an egress gateway, where it has one and where it has none.
pub(crate) fn egress_name(name: Option<&Spanned<String>>) -> String {
    name.map_or_else(|| EGRESS.to_owned(), |name| name.value.clone())
}

fn gateway(decl: &GatewayDecl) -> Gateway {
    let mut addresses: Vec<_> = decl
        .addresses
        .iter()
        .map(|address| address.value.clone())
        .collect();
    addresses.sort();
    Gateway {
        name: decl
            .name
            .as_ref()
            .map_or_else(|| GATEWAY.to_owned(), |name| name.value.clone()),
        addresses,
        port: decl.port.as_ref().map_or(GATEWAY_PORT, |port| port.value),
        cluster_ip: decl.cluster_ip.as_ref().map(|address| address.value),
        span: decl.span,
    }
}

pub(super) fn namespaces(spec: &Spec, revision: Option<&str>) -> BTreeMap<String, Namespace> {
    let mut namespaces = BTreeMap::new();
    for decl in &spec.namespaces {
        let namespace = Namespace {
            name: decl.name.value.clone(),
            injection: decl.injection.as_ref().is_none_or(|injection| injection.value),
            revision: decl
                .revision
                .as_ref()
                .map(|own| own.value.as_str())
                .or(revision)
                .map(str::to_owned),
            labels: labels(&decl.labels),
            telemetry: Telemetry::default(),
            mtls: decl.mtls.as_ref().map(|mode| mode_of(&mode.value)),
            access: super::access::access(&decl.access, &decl.name.value, spec),
            accounts: accounts(decl),
            span: decl.span,
        };
        namespaces.entry(decl.name.value.clone()).or_insert(namespace);
    }
    namespaces
}

/// Those that no service brings along.
fn accounts(decl: &NamespaceDecl) -> Vec<String> {
    let of_services: BTreeSet<_> = decl
        .services
        .iter()
        .map(|service| super::service::account(service, decl))
        .chain(
            decl.groups()
                .map(|(owner, group)| super::group::account(group, owner)),
        )
        .collect();
    let declared: BTreeSet<_> = decl
        .accounts
        .iter()
        .map(|account| account.value.clone())
        .collect();
    declared
        .into_iter()
        .filter(|account| !of_services.contains(account))
        .collect()
}

pub(super) fn labels(labels: &Labels) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(key, value)| (key.value.clone(), value.value.clone()))
        .collect()
}
