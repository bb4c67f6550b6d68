//! Who gains or loses access to what: the policies of two meshes, evaluated for everybody and everything that any of
//! their rules mentions.

mod kinds;
mod pattern;
mod policy;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::objects::Objects;
use kinds::{Caller, Kind};
use target::{Guard, May, Mtls, Target};

/// Somebody may call what they could not call before, or no longer may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Access {
    /// What is called: `forum.istioinaction:8080`.
    pub target: String,
    /// They may more than before; else less.
    pub gains: bool,
    /// The authorizer that decided before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_before: Option<String>,
    /// The authorizer that decides now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Who: `istioinaction/webapp`, `any other account`, `callers without a certificate`.
    pub who: Vec<String>,
    /// What: `GET /api/*`; empty is everything.
    pub what: Vec<String>,
}

/// Beyond so many kinds of requests to one port, the rest is left out.
const MOST: usize = 4096;

/// What is gained and lost between two meshes, ordered by what is called; and what of it was not looked at, in words.
pub(super) fn between(before: &Objects, after: &Objects) -> (Vec<Access>, Vec<String>) {
    let (old, new) = (target::targets(before), target::targets(after));
    let all: BTreeSet<&Target> = old.keys().chain(new.keys()).collect();
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for target in all {
        let guards = (guard(&old, target), guard(&new, target));
        if guards.0 != guards.1 {
            let (changes, whole) = changes(target, guards.0, guards.1);
            found.extend(changes);
            if !whole {
                missed.push(format!(
                    "access to {}: its rules tell more than {MOST} kinds of requests apart, and only so many were looked at",
                    name(target)
                ));
            }
        }
    }
    found.sort();
    found.dedup();
    (found, missed)
}

/// Workloads that have no rules of their own have those of the whole service.
fn guard<'a>(all: &'a BTreeMap<Target, Guard>, target: &Target) -> Option<&'a Guard> {
    let whole = || {
        let mut whole = target.clone();
        whole.only.clear();
        all.get(&whole)
    };
    all.get(target).or_else(whole)
}

fn changes(target: &Target, old: Option<&Guard>, new: Option<&Guard>) -> (Vec<Access>, bool) {
    let guards: Vec<&Guard> = [old, new].into_iter().flatten().collect();
    let policies: Vec<_> = guards.iter().flat_map(|guard| &guard.policies).collect();
    let has_requests = guards.iter().any(|guard| guard.has_requests);
    let callers = kinds::callers(&policies, guards.iter().any(|guard| guard.mtls != Mtls::Strict));
    let (requests, whole) = kinds::requests(&policies, has_requests, MOST);
    // What they might and may now, and which calls, then everybody with the same together.
    let mut together: BTreeMap<(May<'_>, May<'_>, Vec<String>), Vec<String>> = BTreeMap::new();
    for caller in &callers {
        let mut changed: BTreeMap<(May<'_>, May<'_>), Vec<&Kind>> = BTreeMap::new();
        for kind in &requests {
            let (before, after) = (may(old, caller, kind), may(new, caller, kind));
            if before != after {
                changed.entry((before, after)).or_default().push(kind);
            }
        }
        for ((before, after), kinds) in changed {
            let what = kinds::describe(&kinds, &requests);
            let who = together.entry((before, after, what)).or_default();
            who.push(caller.label.clone());
        }
    }
    let name = name(target);
    let named = |((before, after, what), who): ((May<'_>, May<'_>, Vec<String>), Vec<String>)| Access {
        target: name.clone(),
        gains: after.rank() > before.rank(),
        asked_before: before.asked().map(str::to_owned),
        asked: after.asked().map(str::to_owned),
        who: if who.len() == callers.len() {
            vec!["everybody".to_owned()]
        } else {
            who
        },
        what,
    };
    (together.into_iter().map(named).collect(), whole)
}

/// What becomes of a call to a target; one that is not there takes none.
fn may<'a>(guard: Option<&'a Guard>, caller: &Caller, kind: &Kind) -> May<'a> {
    guard.map_or(May::Not, |guard| lets_in(guard, caller, kind))
}

/// What is called, for people.
fn name(target: &Target) -> String {
    let only = if target.only.is_empty() {
        String::new()
    } else {
        format!(" ({})", target.only.join(","))
    };
    // A host is whole.
    let of = if target.service.contains('.') {
        target.service.clone()
    } else {
        format!("{}.{}", target.service, target.namespace)
    };
    format!("{of}:{}{only}", target.port)
}

/// A caller with a certificate shows it where mutual TLS is spoken; one without is not heard where it is asked for.
fn lets_in<'a>(guard: &'a Guard, caller: &Caller, kind: &Kind) -> May<'a> {
    if caller.principal.is_none() && guard.mtls == Mtls::Strict {
        return May::Not;
    }
    let mut request: policy::Request<'_> = kind
        .values
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    if guard.mtls != Mtls::Disabled {
        let shown = [
            ("source.principal", &caller.principal),
            ("source.namespace", &caller.namespace),
            ("source.serviceAccount", &caller.account),
        ];
        request.extend(
            shown
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_deref()?))),
        );
    }
    request.entry("destination.port").or_insert(&guard.port);
    guard.says(&request)
}
