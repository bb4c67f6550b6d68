//! What a policy for requests means where there are only bytes, as mesh-wire says.

use std::collections::BTreeMap;

use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};

/// The policies that can be asked of bytes, and whether what none of them allows is refused.
pub(crate) fn seen(set: &PolicySet) -> (bool, BTreeMap<&str, Policy>) {
    let never = [Permission::Not(Box::new(Permission::Any))];
    let all = || set.policies.iter();
    let closes = all().any(|(_, policy)| policy.action == Action::Allow && !policy.dry_run);
    let real = all().filter(|(_, policy)| policy.permissions != never);
    let seen = real.filter_map(|(name, policy)| Some((name.as_str(), of(policy)?)));
    (closes, seen.collect())
}

/// The rules of an authorizer, as bytes are held against them.
pub(crate) fn asked(rules: &BTreeMap<String, Policy>) -> BTreeMap<String, Policy> {
    let seen = rules
        .iter()
        .filter_map(|(name, rule)| Some((name.clone(), of(rule)?)));
    seen.collect()
}

/// `None` where it matches nothing.
fn of(policy: &Policy) -> Option<Policy> {
    let permissions: Vec<_> = policy.permissions.iter().map(permission).collect();
    let principals: Vec<_> = policy.principals.iter().map(principal).collect();
    let cut = permissions.iter().any(|(cut, _)| *cut) || principals.iter().any(|(cut, _)| *cut);
    if cut && policy.action == Action::Allow {
        return None;
    }
    Some(Policy {
        permissions: permissions
            .into_iter()
            .map(|(_, left)| bare_permission(left.unwrap_or(Permission::Any)))
            .collect(),
        principals: principals
            .into_iter()
            .map(|(_, left)| bare_principal(left.unwrap_or(Principal::Any)))
            .collect(),
        ..policy.clone()
    })
}

/// Without lists of one.
fn bare_permission(permission: Permission) -> Permission {
    let each = |all: Vec<Permission>| all.into_iter().map(bare_permission).collect::<Vec<_>>();
    match permission {
        Permission::All(all) => only(each(all)).unwrap_or_else(Permission::All),
        Permission::OneOf(all) => only(each(all)).unwrap_or_else(Permission::OneOf),
        Permission::Not(one) => Permission::Not(Box::new(bare_permission(*one))),
        other => other,
    }
}

fn bare_principal(principal: Principal) -> Principal {
    let each = |all: Vec<Principal>| all.into_iter().map(bare_principal).collect::<Vec<_>>();
    match principal {
        Principal::All(all) => only(each(all)).unwrap_or_else(Principal::All),
        Principal::OneOf(all) => only(each(all)).unwrap_or_else(Principal::OneOf),
        Principal::Not(one) => Principal::Not(Box::new(bare_principal(*one))),
        other => other,
    }
}

fn only<T>(mut all: Vec<T>) -> Result<T, Vec<T>> {
    match all.len() {
        1 => all.pop().ok_or(all),
        _ => Err(all),
    }
}

/// Whether something was cut off, and what is left.
type Left<T> = (bool, Option<T>);

fn permission(permission: &Permission) -> Left<Permission> {
    match permission {
        Permission::All(all) => several(all.iter().map(self::permission).collect(), Permission::All),
        Permission::OneOf(all) => several(all.iter().map(self::permission).collect(), Permission::OneOf),
        Permission::Not(one) => {
            let (cut, left) = self::permission(one);
            (cut, left.map(|left| Permission::Not(Box::new(left))))
        }
        Permission::Header(_) | Permission::Path(_) | Permission::PathTemplate(_) => (true, None),
        Permission::Metadata(asked) if of_requests(asked) => (true, None),
        other => (false, Some(other.clone())),
    }
}

fn principal(principal: &Principal) -> Left<Principal> {
    match principal {
        Principal::All(all) => several(all.iter().map(self::principal).collect(), Principal::All),
        Principal::OneOf(all) => several(all.iter().map(self::principal).collect(), Principal::OneOf),
        Principal::Not(one) => {
            let (cut, left) = self::principal(one);
            (cut, left.map(|left| Principal::Not(Box::new(left))))
        }
        Principal::Header(_) => (true, None),
        Principal::Metadata(asked) if of_requests(asked) => (true, None),
        other => (false, Some(other.clone())),
    }
}

fn of_requests(asked: &MetadataMatch) -> bool {
    asked.filter.starts_with("envoy.filters.http.")
}

fn several<T>(parts: Vec<Left<T>>, whole: impl Fn(Vec<T>) -> T) -> Left<T> {
    let cut = parts.iter().any(|(cut, _)| *cut);
    let left: Vec<T> = parts.into_iter().filter_map(|(_, left)| left).collect();
    (cut, (!left.is_empty()).then(|| whole(left)))
}
