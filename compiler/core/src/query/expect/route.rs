//! Where a call is expected to go.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{Branch, Hop, Outcome, Step, Trace, place};
use super::message;

/// Why a call does not go where it should; `None` where it does.
pub(super) fn contradicts(
    takes: Option<&str>,
    reaches: &[String],
    status: Option<u16>,
    trace: &Trace,
) -> Option<String> {
    if trace.outcome() == Outcome::Broken {
        return Some(format!("it gets nowhere: {}", message(trace)));
    }
    if let Some(wanted) = takes {
        let hop = trace.hops.iter().find(|hop| hop.step == Step::Route);
        let taken = hop.and_then(|hop| hop.facts.get("route")).and_then(Value::as_str);
        if taken != Some(wanted) {
            let taken = taken.map_or_else(|| "no route".to_owned(), |taken| format!("route `{taken}`"));
            return Some(format!("{taken} takes it, not `{wanted}`"));
        }
    }
    if let Some(wanted) = status {
        match trace.outcome() {
            Outcome::Answered(given) if given == wanted => {}
            Outcome::Answered(given) => return Some(format!("it is answered with {given}, not {wanted}")),
            _ => return Some(format!("it goes on, and is not answered with {wanted}")),
        }
    }
    if reaches.is_empty() {
        return None;
    }
    if let Outcome::Answered(given) = trace.outcome() {
        return Some(format!("the caller's own proxy answers it with {given}"));
    }
    let mut unmet: BTreeSet<&str> = reaches.iter().map(String::as_str).collect();
    for branch in &trace.branches {
        let names = names(branch);
        let met: Vec<&String> = reaches
            .iter()
            .filter(|wanted| names.contains(wanted.as_str()))
            .collect();
        if met.is_empty() {
            return Some(format!("it goes to {}", whom(branch)));
        }
        met.iter().for_each(|met| _ = unmet.remove(met.as_str()));
    }
    let unmet = unmet.first()?;
    Some(format!("nothing of it goes to {unmet}"))
}

fn whom(branch: &Branch) -> String {
    let cluster = branch.hops.iter().find(|hop| hop.step == Step::Cluster);
    let cluster = cluster.map(|hop| super::super::trace::target(&hop.says));
    match cluster {
        Some(cluster) => format!("{cluster} ({})", branch.to),
        None => branch.to.clone(),
    }
}

/// Everything that a branch's end may be called.
fn names(branch: &Branch) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for hop in &branch.hops {
        match hop.step {
            Step::Cluster => of_cluster(hop, &mut names),
            Step::Endpoint => of_endpoints(hop, &mut names),
            _ => {}
        }
    }
    for label in branch.to.split(", ") {
        let label = label.rsplit(' ').next().unwrap_or_default();
        let label = label.split('@').next().unwrap_or_default();
        names.insert(label.to_owned());
        if let Some((_, name)) = label.rsplit_once('/') {
            names.insert(name.to_owned());
        }
    }
    names
}

fn of_cluster(hop: &Hop, names: &mut BTreeSet<String>) {
    let Some(cluster) = hop.facts.get("cluster").and_then(Value::as_str) else {
        return;
    };
    names.insert(cluster.to_owned());
    let Some((_, subset, host)) = place::parts_of(cluster) else {
        return;
    };
    if !subset.is_empty() {
        names.insert(subset.to_owned());
    }
    names.insert(host.to_owned());
    let mut labels = host.split('.');
    if let (Some(name), Some(namespace)) = (labels.next(), labels.next()) {
        names.extend([
            name.to_owned(),
            format!("{namespace}/{name}"),
            format!("{name}.{namespace}"),
        ]);
    }
}

fn of_endpoints(hop: &Hop, names: &mut BTreeSet<String>) {
    let endpoints = hop.facts.get("endpoints").and_then(Value::as_array);
    let serving = endpoints.into_iter().flatten();
    let serving = serving.filter(|endpoint| endpoint.get("level") == Some(&Value::from(0)));
    for endpoint in serving {
        for key in ["address", "workload", "gateway-of"] {
            names.extend(endpoint.get(key).and_then(Value::as_str).map(str::to_owned));
        }
    }
}
