use ipnet::IpNet;
use serde_json::{Value, json};

use super::SECURITY;
use crate::emit::access::{self, AccessPolicy};
use crate::emit::document::Object;
use crate::model::{Action, Choice, Mesh, Rule, Service, Source, When};

/// Who may call anything in the mesh.
pub(super) fn of_mesh(mesh: &Mesh) -> Vec<Value> {
    objects(mesh, &access::of_mesh(mesh))
}

/// Who may call anything in a namespace.
pub(super) fn of_namespace(mesh: &Mesh, namespace: &str) -> Vec<Value> {
    objects(mesh, &access::of_namespace(mesh, namespace))
}

/// Who may call the workloads of a service, if it says so. The policies are named like the service, and so are their
/// rules in the VMs' snapshots and logs.
pub(super) fn of_service(mesh: &Mesh, service: &Service) -> Vec<Value> {
    objects(mesh, &access::of_service(mesh, service))
}

fn objects(mesh: &Mesh, policies: &[AccessPolicy<'_>]) -> Vec<Value> {
    policies.iter().map(|policy| object(mesh, policy)).collect()
}

fn object(mesh: &Mesh, policy: &AccessPolicy<'_>) -> Value {
    let object = Object {
        api: SECURITY,
        kind: "AuthorizationPolicy",
        namespace: Some(policy.namespace),
        name: &policy.name,
    };
    let action = match policy.action {
        Action::Allow => "ALLOW",
        Action::Deny => "DENY",
        Action::Audit => "AUDIT",
        Action::Ask => "CUSTOM",
    };
    let mut object = object.with(json!({
        "metadata": { "annotations": policy.dry_run.then(|| json!({ "istio.io/dry-run": "true" })) },
        "spec": {
            "selector": policy.selector.as_ref().map(|labels| json!({ "matchLabels": labels })),
            "action": action,
            "provider": policy.authorizer.as_ref().map(|name| json!({ "name": name })),
        },
    }));
    // A rule that asks nothing is an empty object, which says something here.
    object["spec"]["rules"] = policy.rules.iter().map(|rule| self::rule(mesh, rule)).collect();
    object
}

fn rule(mesh: &Mesh, rule: &Rule) -> Value {
    let operation = json!({
        "hosts": rule.hosts.any,
        "notHosts": rule.hosts.none,
        "methods": rule.methods.any,
        "notMethods": rule.methods.none,
        "paths": rule.paths.any,
        "notPaths": rule.paths.none,
        "ports": texts(&rule.ports.any),
        "notPorts": texts(&rule.ports.none),
    });
    let from = sources(&rule.from)
        .iter()
        .map(|from| json!({ "source": source(mesh, rule, from) }))
        .collect::<Vec<_>>();
    crate::emit::document::without_empty(json!({
        "from": says(from),
        "to": says(vec![json!({ "operation": operation })]),
        "when": rule.when.iter().map(condition).collect::<Vec<_>>(),
    }))
}

/// A list whose entries say nothing is none.
fn says(entries: Vec<Value>) -> Vec<Value> {
    entries
        .into_iter()
        .map(crate::emit::document::without_empty)
        .filter(|entry| entry.as_object().is_some_and(|entry| !entry.is_empty()))
        .collect()
}

fn condition(when: &When) -> Value {
    json!({ "key": when.key, "values": when.values.any, "notValues": when.values.none })
}

/// Accounts and namespaces stand in sources of their own: within one source Istio asks for all of it. What nobody may
/// be stands in each.
pub(crate) fn sources(from: &Choice<Source>) -> Vec<Choice<Source>> {
    let (namespaces, accounts): (Vec<_>, Vec<_>) = from
        .any
        .iter()
        .cloned()
        .partition(|source| matches!(source, Source::Namespace(_)));
    let mut kinds: Vec<_> = [accounts, namespaces]
        .into_iter()
        .filter(|kind| !kind.is_empty())
        .collect();
    if kinds.is_empty() {
        kinds.push(Vec::new());
    }
    kinds
        .into_iter()
        .map(|any| Choice {
            any,
            none: from.none.clone(),
        })
        .collect()
}

fn source(mesh: &Mesh, rule: &Rule, from: &Choice<Source>) -> Value {
    json!({
        "principals": principals(mesh, &from.any),
        "notPrincipals": principals(mesh, &from.none),
        "requestPrincipals": rule.tokens.any,
        "notRequestPrincipals": rule.tokens.none,
        "namespaces": namespaces(&from.any),
        "notNamespaces": namespaces(&from.none),
        "ipBlocks": blocks(&rule.from_ip.any),
        "notIpBlocks": blocks(&rule.from_ip.none),
        "remoteIpBlocks": blocks(&rule.remote_ip.any),
        "notRemoteIpBlocks": blocks(&rule.remote_ip.none),
    })
}

fn principals(mesh: &Mesh, sources: &[Source]) -> Vec<String> {
    let principal = |source: &Source| match source {
        Source::Account { namespace, account } => {
            Some(format!("{}/ns/{namespace}/sa/{account}", mesh.trust_domain))
        }
        Source::Everybody => Some("*".to_owned()),
        Source::Identity(identity) => Some(identity.clone()),
        Source::Namespace(_) => None,
    };
    sources.iter().filter_map(principal).collect()
}

fn namespaces(sources: &[Source]) -> Vec<&str> {
    let mut names = Vec::new();
    for source in sources {
        if let Source::Namespace(namespace) = source {
            names.push(namespace.as_str());
        }
    }
    names
}

/// A single address without its length, as people write it.
fn blocks(nets: &[IpNet]) -> Vec<String> {
    let block = |net: &IpNet| {
        if net.prefix_len() == net.max_prefix_len() {
            net.addr().to_string()
        } else {
            net.to_string()
        }
    };
    nets.iter().map(block).collect()
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
