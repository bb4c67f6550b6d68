use mesh_wire::Snapshot;
use mesh_wire::policy::{Permission, Principal};
use mesh_wire::route::{Route, RouteAction, RouteTable};
use mesh_wire::snapshot::Telemetry;

use super::policy::is_known;
use super::routes::RetryOn;
use crate::telemetry::{Edits, Format, Logs};

/// The parts of a snapshot that the proxy does not act on yet, or not to the letter: one place to read them all.
///
/// An empty list means that everything in the snapshot is in force.
pub fn unsupported(snapshot: &Snapshot) -> Vec<String> {
    let mut parts = Vec::new();
    for (name, table) in &snapshot.routes {
        of_table(name, table, &mut parts);
    }
    for listener in &snapshot.inbound {
        if let Some(table) = &listener.routes {
            of_table(&listener.name, table, &mut parts);
        }
        for (name, policy) in &listener.policy.policies {
            let unknown =
                policy.permissions.iter().any(asks_metadata) || policy.principals.iter().any(names_metadata);
            if unknown {
                parts.push(format!(
                    "{}, policy {name}: conditions on what other filters write down than that of tokens and those of \
                     authorizers let nobody in, and a DENY refuses whoever they could mean",
                    listener.name
                ));
            }
        }
    }
    if let Some(telemetry) = &snapshot.telemetry {
        of_telemetry(telemetry, &mut parts);
    }
    parts
}

fn of_telemetry(telemetry: &Telemetry, parts: &mut Vec<String>) {
    let misfits = Edits::misfits(&telemetry.metric_edits).into_iter();
    let misfits = misfits.chain(Logs::misfits(telemetry));
    parts.extend(misfits.map(|misfit| format!("telemetry: {misfit}")));
}

fn of_table(place: &str, table: &RouteTable, parts: &mut Vec<String>) {
    for host in &table.virtual_hosts {
        for route in &host.routes {
            of_route(
                &format!(
                    "{place}, {}, {}",
                    host.name,
                    route.name.as_deref().unwrap_or("default")
                ),
                route,
                parts,
            );
        }
    }
}

fn of_route(place: &str, route: &Route, parts: &mut Vec<String>) {
    let mut edits = vec![&route.request_headers, &route.response_headers];
    if let RouteAction::Forward(forward) = &route.action {
        for share in &forward.clusters {
            edits.extend([&share.request_headers, &share.response_headers]);
        }
    }
    let values = edits.iter().flat_map(|edits| edits.set.iter().chain(&edits.add));
    for (name, value) in values {
        let faulty = mesh_wire::format::Format::parse(value).faults().next().is_some();
        let format = Format::parse(value);
        // What filters write down is kept for the log alone.
        if faulty || !format.is_known() || format.tells_metadata() {
            parts.push(format!(
                "{place}: the header `{name}` asks for what is not known here, which stays empty"
            ));
        }
    }
    let RouteAction::Forward(forward) = &route.action else {
        return;
    };
    if let Some(retry) = &forward.retry {
        let (_, _, unknown) = RetryOn::parse(retry.on.iter().map(String::as_str));
        for word in unknown {
            parts.push(format!("{place}: the retry condition `{word}` is not known"));
        }
    }
}

fn asks_metadata(permission: &Permission) -> bool {
    match permission {
        Permission::Metadata(metadata) => !is_known(metadata),
        Permission::All(inner) | Permission::OneOf(inner) => inner.iter().any(asks_metadata),
        Permission::Not(inner) => asks_metadata(inner),
        _ => false,
    }
}

fn names_metadata(principal: &Principal) -> bool {
    match principal {
        Principal::Metadata(metadata) => !is_known(metadata),
        Principal::All(inner) | Principal::OneOf(inner) => inner.iter().any(names_metadata),
        Principal::Not(inner) => names_metadata(inner),
        _ => false,
    }
}
