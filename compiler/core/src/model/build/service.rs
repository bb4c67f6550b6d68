use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lookup::Lookup;
use super::place::labels;
use super::settings::mode_of;
use super::{CLUSTER_DOMAIN, access, group, ports, route, traffic};
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};
use crate::model::{Group, Kind, Pods, Service, Telemetry, Visibility};
use crate::spec::decl::{NamespaceDecl, PodsDecl, ServiceDecl};

/// The account of a service's workloads; that of the machines where it has no workloads but on another's.
pub(super) fn account(decl: &ServiceDecl, namespace: &NamespaceDecl) -> String {
    let host = is_guest(decl)
        .then(|| decl.on.first())
        .flatten()
        .filter(|_| decl.account.is_none())
        .and_then(|on| group::find(namespace, &on.value));
    match host {
        Some((owner, group)) => group::account(group, owner),
        None => decl.account.as_ref().unwrap_or(&decl.name).value.clone(),
    }
}

/// The full host of a service: its own, or the one that Kubernetes gives it.
pub(super) fn host(name: &str, namespace: &str, own: Option<&Spanned<String>>) -> String {
    own.map_or_else(
        || format!("{name}.{namespace}.svc.{CLUSTER_DOMAIN}"),
        |host| host.value.clone(),
    )
}

/// It has neither pods nor machines of its own, only others'.
pub(crate) fn is_guest(decl: &ServiceDecl) -> bool {
    decl.pods.is_empty() && decl.vms.is_empty() && !decl.on.is_empty()
}

/// The labels that a service selects by, as far as it knows by itself.
pub(super) fn own_selector(decl: &ServiceDecl) -> BTreeMap<String, String> {
    match decl.selector.as_ref().filter(|selector| !selector.is_empty()) {
        Some(selector) => labels(selector),
        None => BTreeMap::from([("app".to_owned(), decl.name.value.clone())]),
    }
}

/// The labels of a service's workloads. One that runs on others' machines and does not say it selects these by what
/// they have in common.
pub(super) fn selector(decl: &ServiceDecl, namespace: &NamespaceDecl) -> BTreeMap<String, String> {
    if decl.selector.is_some() || !is_guest(decl) {
        return own_selector(decl);
    }
    let mut groups = decl
        .on
        .iter()
        .filter_map(|on| group::find(namespace, &on.value))
        .map(|(owner, group)| group::labels_of(group, owner, namespace));
    let Some(mut common) = groups.next() else {
        return own_selector(decl);
    };
    for other in groups {
        common.retain(|key, value| other.get(key) == Some(value));
    }
    common
}

pub(super) fn service(
    decl: &ServiceDecl,
    namespace: &NamespaceDecl,
    groups: &[Arc<Group>],
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Service {
    let (name, of) = (&decl.name.value, &namespace.name.value);
    unknown_groups(decl, namespace, sink);
    let runs_on = |group: &&Arc<Group>| group.services.contains(name);
    let groups: Vec<_> = group::of_namespace(groups, of)
        .iter()
        .filter(runs_on)
        .map(Arc::clone)
        .collect();
    let ports = ports::ports(&decl.ports);
    let mut access = access::access(&decl.access, of, lookup.spec);
    access::only_requests(&mut access, &decl.access, &ports, &groups);
    let given = |addresses: &[Spanned<std::net::IpAddr>]| {
        let mut addresses: Vec<_> = addresses.iter().map(|address| address.value).collect();
        addresses.sort();
        addresses
    };
    let addresses = match &decl.cluster_ip {
        Some(address) => vec![address.value],
        None => given(&decl.addresses),
    };
    Service {
        name: name.clone(),
        namespace: of.clone(),
        host: host(name, of, decl.host.as_ref()),
        kind: match decl.host {
            Some(_) => Kind::MeshInternal,
            None => Kind::Kubernetes {
                headless: decl.headless.as_ref().is_some_and(|headless| headless.value),
            },
        },
        account: account(decl, namespace),
        addresses_given: !addresses.is_empty(),
        addresses,
        ports,
        subsets: traffic::subsets(&decl.subsets),
        traffic: traffic::policy(&decl.traffic),
        visible: visible(decl.visible.as_ref(), namespace),
        routes: route::of(&decl.routed(namespace), lookup.spec, sink),
        exit: None,
        access,
        telemetry: Telemetry::default(),
        mtls: decl
            .mtls
            .iter()
            .find(|mtls| mtls.port.is_none())
            .map(|mtls| mode_of(&mtls.mode.value)),
        port_mtls: decl
            .mtls
            .iter()
            .filter_map(|mtls| Some((mtls.port.as_ref()?.value, mode_of(&mtls.mode.value))))
            .collect(),
        beside: BTreeSet::new(),
        pods: pods(decl, namespace, lookup, sink),
        selector: selector(decl, namespace),
        groups,
        span: decl.name.span,
    }
}

/// Which namespaces know what is declared in `namespace`.
pub(super) fn visible(said: Option<&Spanned<Vec<Spanned<String>>>>, namespace: &NamespaceDecl) -> Visibility {
    let Some(said) = said else {
        return Visibility::Mesh;
    };
    if said.value.iter().any(|name| name.value == "mesh") {
        return Visibility::Mesh;
    }
    let name = |name: &Spanned<String>| match name.value.as_str() {
        "namespace" => namespace.name.value.clone(),
        other => other.to_owned(),
    };
    let known = said.value.iter().filter(|name| name.value != "nobody");
    Visibility::Namespaces(known.map(name).collect())
}

/// `on` names groups of the namespace.
fn unknown_groups(decl: &ServiceDecl, namespace: &NamespaceDecl, sink: &mut Sink) {
    let known = || namespace.groups().map(|(owner, vms)| group::name(vms, owner));
    for on in decl.on.iter().filter(|on| !known().any(|name| name == on.value)) {
        let message = format!(
            "there is no group of VMs `{}` in `{}`",
            on.value, namespace.name.value
        );
        let mut found = Diagnostic::new(&code::UNKNOWN_REFERENCE, on.span, message);
        found = match did_you_mean(&on.value, known()) {
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `on {near}`"))
                .fix(Fix::meant(on.span, &on.value, known())),
            None if known().next().is_none() => {
                found.help("write the machines in this service: `vms { vm … }`")
            }
            None => found.help(format!("write one of {}", list(known()))),
        };
        sink.push(found);
    }
}

/// A service has pods where it says so, and where it has no VMs and Kubernetes knows its name.
fn pods(decl: &ServiceDecl, namespace: &NamespaceDecl, lookup: &Lookup<'_>, sink: &mut Sink) -> Vec<Pods> {
    let place = |cluster: String, said: Option<&PodsDecl>| Pods {
        network: lookup.network_of(&cluster).unwrap_or_default().to_owned(),
        cluster,
        selector: selector(decl, namespace),
        locality: said
            .and_then(|pods| pods.locality.as_ref())
            .map(|locality| locality.value.clone())
            .unwrap_or_default(),
    };
    let who = format!("`pods` of `{}`", decl.name.value);
    let said = decl.pods.iter().filter_map(|pods| {
        let cluster = lookup.cluster(pods.cluster.as_ref(), pods.span, &who, sink)?;
        Some(place(cluster, Some(pods)))
    });
    let mut all: Vec<_> = said.collect();
    if decl.pods.is_empty() && decl.vms.is_empty() && decl.on.is_empty() && decl.host.is_none() {
        all.extend(only_cluster(decl, lookup, sink).map(|cluster| place(cluster, None)));
    }
    all.sort_by(|a, b| (&a.cluster, &a.locality).cmp(&(&b.cluster, &b.locality)));
    all.dedup_by(|a, b| a.cluster == b.cluster && a.locality == b.locality);
    all
}

/// Where the pods of a service run that does not say so.
fn only_cluster(decl: &ServiceDecl, lookup: &Lookup<'_>, sink: &mut Sink) -> Option<String> {
    let mut clusters = lookup.clusters();
    let (first, second) = (clusters.next()?, clusters.next());
    if second.is_none() {
        return Some(first.to_owned());
    }
    let message = format!(
        "it is not said in which cluster the pods of `{}` run",
        decl.name.value
    );
    sink.push(
        Diagnostic::new(&code::MISSING, decl.name.span, message).help(format!(
            "write `pods cluster=` with {}, once for each cluster that they run in",
            list(lookup.clusters())
        )),
    );
    None
}
