use std::collections::BTreeMap;

use mesh_wire::listener::InboundProtocol;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, Permission, Policy, PolicySet, Principal};

use crate::model::{Allow, Mesh, Service, Source};

/// Who may call `service`, as Istio compiles its AuthorizationPolicy for a listener of `protocol`.
pub(super) fn of(mesh: &Mesh, service: &Service, protocol: InboundProtocol) -> PolicySet {
    let name = |index| format!("ns[{}]-policy[{}]-rule[{index}]", service.namespace, service.name);
    let rules = service.allow.iter().enumerate();
    let policies: BTreeMap<_, _> = rules
        .map(|(index, allow)| (name(index), policy(mesh, allow, protocol)))
        .collect();
    PolicySet { policies }
}

fn policy(mesh: &Mesh, allow: &Allow, protocol: InboundProtocol) -> Policy {
    let http = !allow.methods.is_empty() || !allow.paths.is_empty();
    if http && protocol == InboundProtocol::Tcp {
        return never();
    }
    Policy {
        action: Action::Allow,
        permissions: vec![permission(allow)],
        principals: vec![principal(mesh, &allow.from)],
        dry_run: false,
    }
}

/// A rule that asks about requests allows nothing where there are none: Istio leaves it out, but the listener
/// stays under an ALLOW policy, so that what no other rule allows is refused.
fn never() -> Policy {
    Policy {
        action: Action::Allow,
        permissions: vec![Permission::Not(Box::new(Permission::Any))],
        principals: vec![Principal::Not(Box::new(Principal::Any))],
        dry_run: false,
    }
}

fn permission(allow: &Allow) -> Permission {
    let ports = allow
        .ports
        .iter()
        .map(|port| Permission::DestinationPort(*port))
        .collect();
    let methods = allow.methods.iter().map(|method| {
        Permission::Header(HeaderMatch {
            name: ":method".to_owned(),
            value: Some(string_match(method)),
            invert: false,
        })
    });
    let paths = allow
        .paths
        .iter()
        .map(|path| Permission::Path(string_match(path)))
        .collect();
    let asked: Vec<Vec<Permission>> = vec![ports, methods.collect(), paths];
    let all: Vec<_> = asked
        .into_iter()
        .filter(|any| !any.is_empty())
        .map(Permission::OneOf)
        .collect();
    if all.is_empty() {
        Permission::Any
    } else {
        Permission::All(all)
    }
}

fn principal(mesh: &Mesh, from: &[Source]) -> Principal {
    if from.is_empty() {
        return Principal::Any;
    }
    let ids = from.iter().flat_map(|source| match source {
        Source::Account { namespace, account } => accounts(mesh, namespace, account),
        // Istio `authz/model/generator.go`, source namespaces.
        Source::Namespace(namespace) => {
            vec![authenticated(StringMatch::Regex(format!(
                ".*/ns/{}/.*",
                escape(namespace)
            )))]
        }
    });
    Principal::All(vec![Principal::OneOf(ids.collect())])
}

fn accounts(mesh: &Mesh, namespace: &str, account: &str) -> Vec<Principal> {
    let domains = std::iter::once(&mesh.trust_domain).chain(&mesh.trust_domain_aliases);
    let id = |domain| format!("spiffe://{domain}/ns/{namespace}/sa/{account}");
    domains
        .map(|domain| authenticated(StringMatch::Exact(id(domain))))
        .collect()
}

fn authenticated(name: StringMatch) -> Principal {
    Principal::Authenticated(Some(name))
}

/// `*` at either end stands for anything (Istio `authz/matcher`).
fn string_match(text: &str) -> StringMatch {
    if text == "*" {
        return StringMatch::Regex(".+".to_owned());
    }
    if let Some(prefix) = text.strip_suffix('*') {
        return StringMatch::Prefix(prefix.to_owned());
    }
    match text.strip_prefix('*') {
        Some(suffix) => StringMatch::Suffix(suffix.to_owned()),
        None => StringMatch::Exact(text.to_owned()),
    }
}

/// Names of namespaces are DNS labels: only the hyphen could mean anything, and outside brackets it does not.
fn escape(namespace: &str) -> String {
    namespace.replace('*', ".*")
}
