mod asked;
mod permission;
mod principal;
mod text;

use std::collections::BTreeMap;

use mesh_wire::listener::InboundProtocol;
use mesh_wire::policy::{Action as WireAction, MetadataMatch, Permission, Policy, PolicySet, Principal};

pub(super) use asked::asked;

use crate::emit::access::AccessPolicy;
use crate::model::{Action, Choice, Mesh, Rule};

/// What Istio's filter for tokens writes down, and under which key (Istio `xds/filters`).
const JWT_FILTER: &str = "envoy.filters.http.jwt_authn";
const JWT_PAYLOAD: &str = "payload";

/// `policies` as Istio compiles them for a listener of `protocol` (Istio `pilot/pkg/security/authz`).
pub(super) fn of(mesh: &Mesh, policies: &[AccessPolicy<'_>], protocol: InboundProtocol) -> PolicySet {
    let mut all = BTreeMap::new();
    // What another decides about is not refused here.
    for policy in policies.iter().filter(|policy| policy.action != Action::Ask) {
        let compiler = Compiler {
            mesh,
            namespace: policy.namespace,
            action: policy.action,
            tcp: protocol == InboundProtocol::Tcp,
        };
        for (index, rule) in policy.rules.iter().enumerate() {
            let name = format!("ns[{}]-policy[{}]-rule[{index}]", policy.namespace, policy.name);
            if let Some(compiled) = compiler.policy(rule, policy.dry_run) {
                all.insert(name, compiled);
            }
        }
    }
    PolicySet { policies: all }
}

/// What a rule is compiled for.
struct Compiler<'a> {
    mesh: &'a Mesh,
    namespace: &'a str,
    action: Action,
    tcp: bool,
}

/// The rule asks about requests where there are none.
struct HttpOnly;

/// A condition of either side.
trait Condition: Sized {
    fn one_of(all: Vec<Self>) -> Self;
    fn not(one: Self) -> Self;
}

impl Compiler<'_> {
    fn policy(&self, rule: &Rule, dry_run: bool) -> Option<Policy> {
        match self.parts(rule) {
            Ok((permissions, principals)) => Some(Policy {
                action: match self.action {
                    Action::Allow => WireAction::Allow,
                    // Of what another decides about only the conditions count.
                    Action::Deny | Action::Ask => WireAction::Deny,
                    Action::Audit => WireAction::Audit,
                },
                permissions,
                principals,
                dry_run,
            }),
            Err(HttpOnly) => (!dry_run).then(never),
        }
    }

    fn parts(&self, rule: &Rule) -> Result<(Vec<Permission>, Vec<Principal>), HttpOnly> {
        Ok((vec![self.permission(rule)?], self.principals(rule)?))
    }

    /// What holds of requests only. On bytes an ALLOW loses the whole rule by it, and any other action the condition:
    /// both refuse rather more than less (Istio `authz/model`, checkError).
    fn of_requests<C: Condition, T>(
        &self,
        into: &mut Vec<C>,
        choice: &Choice<T>,
        one: impl Fn(&T) -> C,
    ) -> Result<(), HttpOnly> {
        match (choice.is_open(), self.tcp, self.action) {
            (true, ..) => {}
            (_, true, Action::Allow) => return Err(HttpOnly),
            (_, true, _) => {}
            _ => add(into, choice, |value| vec![one(value)]),
        }
        Ok(())
    }
}

/// A rule that asks about requests allows nothing where there are none: Istio leaves it out, but the listener
/// stays under an ALLOW policy, so that what no other rule allows is refused.
fn never() -> Policy {
    Policy {
        action: WireAction::Allow,
        permissions: vec![Permission::Not(Box::new(Permission::Any))],
        principals: vec![Principal::Not(Box::new(Principal::Any))],
        dry_run: false,
    }
}

/// The two conditions of a choice: one of these, and none of those.
fn add<C: Condition, T>(into: &mut Vec<C>, choice: &Choice<T>, one: impl Fn(&T) -> Vec<C>) {
    let any: Vec<C> = choice.any.iter().flat_map(&one).collect();
    if !any.is_empty() {
        into.push(C::one_of(any));
    }
    let none: Vec<C> = choice.none.iter().flat_map(&one).collect();
    if !none.is_empty() {
        into.push(C::not(C::one_of(none)));
    }
}

/// A claim of the verified token.
fn claim(path: &[&str], value: mesh_wire::matcher::StringMatch) -> MetadataMatch {
    let path = std::iter::once(&JWT_PAYLOAD).chain(path);
    MetadataMatch {
        filter: JWT_FILTER.to_owned(),
        path: path.map(|key| (*key).to_owned()).collect(),
        value,
    }
}

impl Condition for Permission {
    fn one_of(all: Vec<Self>) -> Self {
        Self::OneOf(all)
    }

    fn not(one: Self) -> Self {
        Self::Not(Box::new(one))
    }
}

impl Condition for Principal {
    fn one_of(all: Vec<Self>) -> Self {
        Self::OneOf(all)
    }

    fn not(one: Self) -> Self {
        Self::Not(Box::new(one))
    }
}
