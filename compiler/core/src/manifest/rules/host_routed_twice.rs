use std::collections::BTreeMap;

use super::audience::Audience;
use super::index::{Index, NETWORKING, service_name};
use super::routes::KINDS;
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// Of several VirtualServices for one host within the mesh, proxies take one and drop the others; gateways put theirs
/// together (istio, pilot/pkg/networking/core, duplicate domains).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<String, Vec<Routed<'_>>> = BTreeMap::new();
    for route in index
        .kind(NETWORKING, "VirtualService")
        .filter(|route| in_mesh(route))
    {
        let audience = Audience::of(route);
        for host in route.items(&["spec", "hosts"]).iter().filter_map(Datum::text) {
            let before = seen.entry(full(&host.value, route.namespace())).or_default();
            let own = Routed {
                route,
                host,
                audience: audience.clone(),
            };
            if let Some(first) = before.iter().find(|other| other.meets(&own)) {
                sink.push(found(&own, first));
            } else {
                before.push(own);
            }
        }
    }
}

/// A host that a VirtualService routes.
struct Routed<'a> {
    route: &'a Object,
    host: Spanned<String>,
    audience: Audience,
}

impl Routed<'_> {
    /// Somebody sees both, and they speak of the same kind of traffic.
    fn meets(&self, other: &Self) -> bool {
        let kinds = |routed: &Self| {
            let own = KINDS.map(|kind| !routed.route.items(&["spec", kind]).is_empty());
            if own.contains(&true) { own } else { [true; 3] }
        };
        let (one, two) = (kinds(self), kinds(other));
        !std::ptr::eq(self.route, other.route)
            && self.audience.meets(&other.audience)
            && one.iter().zip(two).any(|(one, two)| *one && two)
    }
}

/// Sidecars take it, not gateways alone.
fn in_mesh(route: &Object) -> bool {
    let gateways = route.items(&["spec", "gateways"]);
    gateways.is_empty()
        || gateways
            .iter()
            .filter_map(Datum::text)
            .any(|name| name.value == "mesh")
}

fn full(host: &str, namespace: &str) -> String {
    service_name(host, namespace).map_or_else(
        || host.to_owned(),
        |(name, namespace)| format!("{name}.{namespace}"),
    )
}

fn found(own: &Routed<'_>, first: &Routed<'_>) -> Diagnostic {
    let message = format!(
        "`{}` has a VirtualService already: proxies take one of them, and drop the other's routes",
        own.host.value
    );
    Diagnostic::new(&code::HOST_TWICE, own.host.span, message)
        .here("again here")
        .label(first.host.span, format!("first in the {}", shown(first.route)))
        .help(
            "write the routes of both into one VirtualService; only those of gateways are put together by themselves",
        )
}
