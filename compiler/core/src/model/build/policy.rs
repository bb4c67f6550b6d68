use mesh_wire::Millis;

use super::callers::{self, Caller};
use crate::diag::Spanned;
use crate::model::{Allow, Balance, Eject, Source, TrafficPolicy};
use crate::spec::decl::{AllowDecl, EjectDecl, NamespaceDecl, ServiceDecl, Spec};

pub(super) fn traffic(decl: &ServiceDecl) -> TrafficPolicy {
    let balance = decl.balance.as_ref();
    TrafficPolicy {
        balance: balance.map(|balance| match balance.how.value.as_str() {
            "round-robin" => Balance::RoundRobin,
            "random" => Balance::Random,
            _ => Balance::LeastRequest,
        }),
        prefer_near: balance
            .and_then(|balance| balance.prefer_near.as_ref())
            .is_some_and(|near| near.value),
        limits: decl.limits.clone().unwrap_or_default(),
        eject: decl.eject.as_ref().map(eject),
    }
}

/// Istio's defaults.
fn eject(decl: &EjectDecl) -> Eject {
    Eject {
        after: decl.after,
        after_gateway_errors: decl.after_gateway_errors,
        every: decl.every.unwrap_or(Millis::from_secs(10)),
        time: decl.time.unwrap_or(Millis::from_secs(30)),
        at_most: decl.at_most,
        min_health: decl.min_health,
    }
}

/// Rules by content, so that their order in the spec says nothing.
pub(super) fn allow(decl: &ServiceDecl, namespace: &NamespaceDecl, spec: &Spec) -> Vec<Allow> {
    let mut rules: Vec<_> = decl
        .allow
        .iter()
        .map(|allow| rule(allow, namespace, spec))
        .collect();
    rules.sort_by(|a, b| key(a).cmp(&key(b)));
    rules
}

fn key(rule: &Allow) -> (&[Source], &[String], &[String], &[u16]) {
    (&rule.from, &rule.methods, &rule.paths, &rule.ports)
}

fn rule(decl: &AllowDecl, namespace: &NamespaceDecl, spec: &Spec) -> Allow {
    let source = |from: &Spanned<String>| match callers::resolve(&from.value, namespace, spec) {
        Caller::Known(source) | Caller::Foreign(source) => Some(source),
        Caller::External(_) | Caller::Unknown { .. } => None,
    };
    let texts = |list: &Option<Spanned<Vec<Spanned<String>>>>| {
        let list = list
            .as_ref()
            .map(|list| list.value.as_slice())
            .unwrap_or_default();
        sorted(list.iter().map(|text| text.value.clone()).collect())
    };
    Allow {
        from: sorted(decl.from.iter().filter_map(source).collect()),
        methods: texts(&decl.methods),
        paths: texts(&decl.paths),
        ports: sorted(
            decl.ports
                .as_ref()
                .map(|ports| ports.value.clone())
                .unwrap_or_default(),
        ),
        span: decl.span,
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
