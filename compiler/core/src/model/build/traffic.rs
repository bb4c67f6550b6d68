use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::route::HashPolicy;

use super::place::labels;
use crate::model::{
    Balance, ClientTls, Eject, HashTable, LoadBalancer, LocalityRule, RetryBudget, Subset, TrafficPolicy,
    WarmUp,
};
use crate::spec::decl::{
    BalanceDecl, ClientTlsDecl, EjectDecl, HashKeyDecl, LocalityDecl, SubsetDecl, TrafficDecl,
};

/// Places of Maglev's table where the spec does not say (Envoy's default; Istio asks for a number).
const MAGLEV_SIZE: u64 = 65_537;

pub(super) fn policy(decl: &TrafficDecl) -> TrafficPolicy {
    TrafficPolicy {
        balance: load_balancer(decl),
        limits: decl.limits.as_ref().map(|limits| limits.limits.clone()),
        eject: decl.eject.as_ref().map(eject),
        tls: decl.tls.as_ref().map(client_tls),
        retry_budget: decl.retry_budget.as_ref().map(|budget| RetryBudget {
            percent: budget.share,
            at_least: budget.at_least,
            over: budget.over,
        }),
    }
}

/// Subsets by name.
pub(super) fn subsets(decls: &[SubsetDecl]) -> Vec<Subset> {
    let subset = |decl: &SubsetDecl| {
        let mut ports = BTreeMap::new();
        for port in decl.ports.iter().filter(|port| !port.traffic.is_empty()) {
            ports.entry(port.number.value).or_insert(policy(&port.traffic));
        }
        Subset {
            name: decl.name.value.clone(),
            labels: labels(&decl.labels),
            traffic: policy(&decl.traffic),
            ports,
            span: decl.span,
        }
    };
    let mut subsets: Vec<_> = decls.iter().map(subset).collect();
    subsets.sort_by(|a, b| a.name.cmp(&b.name));
    subsets
}

fn load_balancer(decl: &TrafficDecl) -> Option<LoadBalancer> {
    let found = LoadBalancer {
        how: decl.balance.as_ref().and_then(balance),
        warm_up: decl.warm_up.as_ref().map(|warm_up| WarmUp {
            duration: warm_up.duration,
            aggression: warm_up.aggression,
            min: warm_up.min,
        }),
        locality: decl.locality.as_ref().map(locality),
    };
    (found != LoadBalancer::default()).then_some(found)
}

/// `None` where `hash` has nothing to hash, which a rule has found.
fn balance(decl: &BalanceDecl) -> Option<Balance> {
    Some(match decl.how.value.as_str() {
        "round-robin" => Balance::RoundRobin,
        "random" => Balance::Random,
        "passthrough" => Balance::Passthrough,
        "hash" => Balance::Hash {
            key: hash_key(&decl.keys.first()?.value),
            table: table(decl),
        },
        _ => Balance::LeastRequest,
    })
}

fn hash_key(decl: &HashKeyDecl) -> HashPolicy {
    match decl.clone() {
        HashKeyDecl::Header(name) => HashPolicy::Header(name),
        HashKeyDecl::Cookie { name, ttl, path } => HashPolicy::Cookie { name, path, ttl },
        HashKeyDecl::Query(name) => HashPolicy::Query(name),
        HashKeyDecl::SourceIp => HashPolicy::SourceIp,
    }
}

fn table(decl: &BalanceDecl) -> HashTable {
    let size = decl.size.as_ref().map(|size| size.value);
    match &decl.table {
        Some(word) if word.value == "maglev" => HashTable::Maglev(size.unwrap_or(MAGLEV_SIZE)),
        _ => HashTable::Ring(size),
    }
}

fn locality(decl: &LocalityDecl) -> LocalityRule {
    let failover = decl.failover.iter();
    let share = |(place, share): &(crate::diag::Spanned<String>, crate::diag::Spanned<u8>)| {
        (place.value.clone(), u32::from(share.value))
    };
    LocalityRule {
        prefer_near: decl.prefer_near.as_ref().map(|near| near.value),
        failover: failover
            .map(|(from, to)| (from.value.clone(), to.value.clone()))
            .collect(),
        priority: decl.priority.iter().map(|label| label.value.clone()).collect(),
        distribute: decl
            .distribute
            .iter()
            .map(|one| (one.from.value.clone(), one.to.iter().map(share).collect()))
            .collect(),
    }
}

/// Istio's defaults.
fn eject(decl: &EjectDecl) -> Eject {
    let mut statuses = decl
        .statuses
        .as_ref()
        .map(|statuses| statuses.value.clone())
        .unwrap_or_default();
    statuses.sort_unstable();
    statuses.dedup();
    Eject {
        after: decl.after.as_ref().map(|after| after.value),
        after_gateway_errors: decl.after_gateway_errors.as_ref().map(|after| after.value),
        after_local_errors: decl.after_local_errors,
        statuses,
        every: decl.every.unwrap_or(Millis::from_secs(10)),
        time: decl.time.unwrap_or(Millis::from_secs(30)),
        at_most: decl.at_most.as_ref().map(|share| share.value),
        min_health: decl.min_health,
    }
}

fn client_tls(decl: &ClientTlsDecl) -> ClientTls {
    let text = |value: &Option<crate::diag::Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    let mut sans: Vec<_> = decl
        .sans
        .iter()
        .flat_map(|sans| &sans.value)
        .map(|san| san.value.clone())
        .collect();
    sans.sort();
    sans.dedup();
    ClientTls {
        sni: text(&decl.sni),
        sans,
        ca: text(&decl.ca),
        crl: text(&decl.crl),
        mutual: decl.mode.value == "mutual",
        client: text(&decl.cert).zip(text(&decl.key)),
        credential: text(&decl.credential),
        insecure: decl.insecure.as_ref().is_some_and(|insecure| insecure.value),
    }
}
