//! Which AuthorizationPolicies there are: by place, action and name. Manifests and snapshots are made of the same, so
//! that a rule is called the same in both.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::{SYSTEM_NAMESPACE, target};
use crate::model::{Action, Jwt, Mesh, Rule, Service};

/// One AuthorizationPolicy.
#[derive(Clone, Debug)]
pub(crate) struct AccessPolicy<'a> {
    /// Its namespace; Istio's root namespace for the whole mesh.
    pub(crate) namespace: &'a str,
    /// Its name.
    pub(crate) name: String,
    /// What its rules do.
    pub(crate) action: Action,
    /// Whom they ask, if they do.
    pub(crate) authorizer: Option<String>,
    /// Its rules only write down what they would do.
    pub(crate) dry_run: bool,
    /// Labels of its workloads; `None` is all of the namespace, or of the mesh.
    pub(crate) selector: Option<BTreeMap<String, String>>,
    /// Rules in their order.
    pub(crate) rules: Vec<Rule>,
}

/// What Istio's docs call the policy of a whole mesh or namespace.
pub(crate) use crate::model::DEFAULT_POLICY as DEFAULT;

impl AccessPolicy<'_> {
    fn covers(&self, labels: &BTreeMap<String, String>) -> bool {
        let asked = self.selector.iter().flatten();
        asked
            .into_iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// What holds for the whole mesh.
pub(crate) fn of_mesh(mesh: &Mesh) -> Vec<AccessPolicy<'_>> {
    grouped(SYSTEM_NAMESPACE, DEFAULT, None, mesh.access.rules.clone())
}

/// What holds for all of `namespace`.
pub(crate) fn of_namespace<'a>(mesh: &'a Mesh, namespace: &'a str) -> Vec<AccessPolicy<'a>> {
    mesh.namespaces.get(namespace).map_or_else(Vec::new, |found| {
        grouped(namespace, DEFAULT, None, found.access.rules.clone())
    })
}

/// What holds for the workloads of `service`. Where other services have some of them too, its rules leave their ports
/// alone: a policy selects workloads, whatever Service leads to them.
pub(crate) fn of_service<'a>(mesh: &'a Mesh, service: &'a Service) -> Vec<AccessPolicy<'a>> {
    let own = ports(service);
    let beside: Vec<_> = service
        .beside
        .iter()
        .filter_map(|name| mesh.service(&service.namespace, name))
        .collect();
    let others: BTreeSet<u16> = beside
        .iter()
        .flat_map(|other| ports(other))
        .filter(|port| !own.contains(port))
        .collect();
    let mut rules = service.access.rules.clone();
    rules.iter_mut().for_each(|rule| rule.leave_alone(&others));
    let selector = Some(service.selector.clone());
    let mut policies = grouped(&service.namespace, &service.name, selector, rules);
    if !closes(mesh, service) {
        let closing = beside.into_iter().filter(|other| other.access.closes());
        policies.extend(closing.map(|other| opening(service, other)));
    }
    policies
}

/// All that holds for a workload with these labels.
pub(crate) fn selecting<'a>(
    mesh: &'a Mesh,
    namespace: &'a str,
    labels: &BTreeMap<String, String>,
) -> Vec<AccessPolicy<'a>> {
    let mut all = of_mesh(mesh);
    all.extend(of_namespace(mesh, namespace));
    let services = mesh
        .services_in(namespace)
        .filter(|service| service.selects(labels));
    let own = services.flat_map(|service| of_service(mesh, service));
    all.extend(own.filter(|policy| policy.covers(labels)));
    all
}

/// All tokens that requests to a workload with these labels may carry.
pub(crate) fn tokens<'a>(
    mesh: &'a Mesh,
    namespace: &'a str,
    labels: &BTreeMap<String, String>,
) -> Vec<&'a Jwt> {
    let of_namespace = mesh.namespaces.get(namespace).map(|found| &found.access);
    let services = mesh
        .services_in(namespace)
        .filter(|service| service.selects(labels));
    let places = std::iter::once(&mesh.access)
        .chain(of_namespace)
        .chain(services.map(|service| &service.access));
    places.flat_map(|access| &access.jwt).collect()
}

/// A policy of each action and name.
fn grouped<'a>(
    namespace: &'a str,
    base: &str,
    selector: Option<BTreeMap<String, String>>,
    rules: Vec<Rule>,
) -> Vec<AccessPolicy<'a>> {
    let mut groups: BTreeMap<(Action, Option<String>, bool, String), Vec<Rule>> = BTreeMap::new();
    for rule in rules {
        let key = (
            rule.action,
            rule.authorizer.clone(),
            rule.dry_run,
            rule.policy_name(base),
        );
        groups.entry(key).or_default().push(rule);
    }
    groups
        .into_iter()
        .map(|((action, authorizer, dry_run, name), rules)| AccessPolicy {
            namespace,
            name,
            action,
            authorizer,
            dry_run,
            selector: selector.clone(),
            rules,
        })
        .collect()
}

/// On workloads of both, the rules of `other` would close `service`, which says nothing of who may call it.
fn opening<'a>(service: &'a Service, other: &'a Service) -> AccessPolicy<'a> {
    let mut selector = other.selector.clone();
    selector.extend(service.selector.clone());
    let mut rule = Rule::open(Action::Allow, service.span);
    rule.ports.any = ports(service).into_iter().collect();
    AccessPolicy {
        namespace: &service.namespace,
        name: format!("{}-beside-{}", service.name, other.name),
        action: Action::Allow,
        authorizer: None,
        dry_run: false,
        selector: Some(selector),
        rules: vec![rule],
    }
}

/// Whoever is not let in by a rule is refused: by one of the service, the namespace or the mesh.
pub(crate) fn closes(mesh: &Mesh, service: &Service) -> bool {
    let namespace = mesh.namespaces.get(&service.namespace);
    service.access.closes()
        || mesh.access.closes()
        || namespace.is_some_and(|namespace| namespace.access.closes())
}

/// The ports that the workloads of a service listen on for it.
fn ports(service: &Service) -> BTreeSet<u16> {
    let of_pods = service.ports.iter().map(|port| port.target);
    let groups = service
        .groups
        .iter()
        .flat_map(|group| service.ports.iter().map(|port| target(group, port)));
    of_pods.chain(groups).collect()
}
