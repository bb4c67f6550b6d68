//! The facts of a snapshot of ours.

mod bytes;
mod cluster;
mod endpoint;
mod forward;
mod jwt;
mod outbound;
mod policy;
mod route;

use mesh_wire::cluster::{Cluster, Discovery};
use mesh_wire::listener::{InboundListener, InboundProtocol, MtlsMode};
use mesh_wire::policy::{Action, Permission, Policy};
use mesh_wire::snapshot::NameTable;
use mesh_wire::{Snapshot, route::WeightedCluster};

use super::facts::{Facts, field, fields, list, set};

/// What a snapshot and a table of names mean.
pub(crate) fn facts(snapshot: &Snapshot, names: &NameTable) -> Facts {
    let mut facts = Facts::new();
    let node = snapshot.node.as_ref().unwrap();
    // Names that routes lead to and nobody has: istiod leaves them out, and Envoy answers 503.
    let is_hole = |(name, cluster): &(&String, &Cluster)| {
        cluster.discovery == Discovery::BlackHole && *name != "BlackHoleCluster"
    };
    for (name, cluster) in snapshot.clusters.iter().filter(|entry| !is_hole(entry)) {
        cluster::add(&mut facts, name, cluster);
        endpoint::add(&mut facts, name, cluster, node);
    }
    for listener in &snapshot.outbound {
        facts.insert(
            format!("outbound/{}", listener.name),
            outbound::text(snapshot, listener),
        );
    }
    facts.insert(
        "outbound-default".to_owned(),
        snapshot.outbound_default.clone().unwrap(),
    );
    let detection = snapshot.detection.unwrap();
    let detection = format!(
        "timeout={} continue={}",
        detection.timeout.0, detection.continue_on_timeout
    );
    facts.insert("detection".to_owned(), detection);
    for listener in &snapshot.inbound {
        add_inbound(&mut facts, listener);
    }
    for (name, table) in &snapshot.routes {
        route::add(&mut facts, name, table);
    }
    for (host, entry) in &names.hosts {
        let addresses = set(entry.addresses.iter().map(ToString::to_string));
        facts.insert(
            format!("name/{host}"),
            format!("{addresses} kubernetes={}", entry.kubernetes),
        );
    }
    facts
}

/// `CLUSTER:WEIGHT`; one alone needs no weight.
fn shares(clusters: &[WeightedCluster]) -> String {
    match clusters {
        [one] => one.cluster.clone(),
        several => list(
            several
                .iter()
                .map(|share| format!("{}:{}", share.cluster, share.weight)),
        ),
    }
}

fn add_inbound(facts: &mut Facts, listener: &InboundListener) {
    let protocol = match listener.protocol {
        InboundProtocol::Http => "http",
        InboundProtocol::Tcp => "tcp",
        InboundProtocol::Detect => "detect",
    };
    let mtls = match listener.mtls {
        MtlsMode::Strict => "strict",
        MtlsMode::Permissive => "permissive",
        MtlsMode::Disable => "disable",
    };
    let port = listener
        .port
        .map_or_else(|| "*".to_owned(), |port| port.to_string());
    let all = [
        format!("protocol={protocol} mtls={mtls}"),
        field("cluster", Some(&listener.cluster)),
    ];
    facts.insert(format!("inbound/{port}"), fields(&all));
    if listener.protocol != InboundProtocol::Tcp {
        add_guard(facts, &format!("inbound/{port}/http"), listener, Some);
        for token in &listener.jwt {
            facts.insert(
                format!("inbound/{port}/http/jwt/{}", token.issuer),
                jwt::text(token),
            );
        }
    }
    if listener.protocol != InboundProtocol::Http {
        add_guard(facts, &format!("inbound/{port}/tcp"), listener, |policy| {
            bytes::of(&policy)
        });
    }
}

/// An ALLOW that never matches only closes, which Istio's says by a filter without policies.
fn add_guard(
    facts: &mut Facts,
    path: &str,
    listener: &InboundListener,
    seen: impl Fn(Policy) -> Option<Policy>,
) {
    let all = &listener.policy.policies;
    let closes = |policy: &Policy| policy.action == Action::Allow && !policy.dry_run;
    facts.insert(format!("{path}/closed"), all.values().any(closes).to_string());
    let never = [Permission::Not(Box::new(Permission::Any))];
    for (name, policy) in all.iter().filter(|(_, policy)| policy.permissions != never) {
        if let Some(policy) = seen(policy.clone()) {
            facts.insert(format!("{path}/policy/{name}"), policy::text(&policy));
        }
    }
}
