use std::collections::BTreeMap;

use super::lookup::Lookup;
use super::place::labels;
use super::settings::mode_of;
use super::{CLUSTER_DOMAIN, group, policy, ports};
use crate::diag::{Sink, Spanned};
use crate::model::{Kind, Pods, Service, Subset};
use crate::spec::decl::{NamespaceDecl, ServiceDecl};

/// The account of a service's workloads.
pub(super) fn account(decl: &ServiceDecl) -> String {
    decl.account.as_ref().unwrap_or(&decl.name).value.clone()
}

/// The labels of a service's workloads.
pub(super) fn selector(decl: &ServiceDecl) -> BTreeMap<String, String> {
    match decl.selector.as_ref().filter(|selector| !selector.is_empty()) {
        Some(selector) => labels(selector),
        None => BTreeMap::from([("app".to_owned(), decl.name.value.clone())]),
    }
}

pub(super) fn service(
    decl: &ServiceDecl,
    namespace: &NamespaceDecl,
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Service {
    let (name, of) = (&decl.name.value, &namespace.name.value);
    let mut subsets: Vec<_> = decl
        .subsets
        .iter()
        .map(|subset| Subset {
            name: subset.name.value.clone(),
            labels: labels(&subset.labels),
            span: subset.span,
        })
        .collect();
    subsets.sort_by(|a, b| a.name.cmp(&b.name));
    let mut groups: Vec<_> = decl
        .vms
        .iter()
        .map(|vms| group::group(vms, decl, namespace, lookup, sink))
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
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
        host: decl.host.as_ref().map_or_else(
            || format!("{name}.{of}.svc.{CLUSTER_DOMAIN}"),
            |host| host.value.clone(),
        ),
        kind: match decl.host {
            Some(_) => Kind::MeshInternal,
            None => Kind::Kubernetes {
                headless: decl.headless.as_ref().is_some_and(|headless| headless.value),
            },
        },
        account: account(decl),
        addresses_given: !addresses.is_empty(),
        addresses,
        ports: ports::ports(&decl.ports),
        subsets,
        traffic: policy::traffic(decl),
        allow: policy::allow(decl, namespace, lookup.spec),
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
        pods: pods(decl, lookup, sink),
        selector: selector(decl),
        groups,
        span: decl.name.span,
    }
}

/// A service has pods where it says so, and where it has no VMs and Kubernetes knows its name.
fn pods(decl: &ServiceDecl, lookup: &Lookup<'_>, sink: &mut Sink) -> Option<Pods> {
    let said = decl.pods.as_ref();
    if said.is_none() && (!decl.vms.is_empty() || decl.host.is_some()) {
        return None;
    }
    let place = said.map_or(decl.name.span, |pods| pods.span);
    let name = said.and_then(|pods| pods.cluster.as_ref());
    let cluster = lookup.cluster(name, place, &format!("the pods of `{}`", decl.name.value), sink)?;
    Some(Pods {
        network: lookup.network_of(&cluster).unwrap_or_default().to_owned(),
        cluster,
        selector: selector(decl),
        locality: said.and_then(|pods| pods.locality.clone()).unwrap_or_default(),
    })
}
