//! What Prometheus is told to look at.

use super::index::Index;
use super::workload::{Service, is_subset};
use crate::manifest::Object;
use crate::syntax::Datum;

/// The services that a ServiceMonitor finds.
pub(super) fn monitored<'i, 'a>(index: &'i Index<'a>, monitor: &Object) -> Vec<&'i Service<'a>> {
    let wanted = monitor.labels_at(&["spec", "selector", "matchLabels"]);
    let any = monitor
        .text(&["spec", "namespaceSelector", "any"])
        .is_some_and(|any| any.value == "true");
    let named: Vec<_> = monitor
        .items(&["spec", "namespaceSelector", "matchNames"])
        .iter()
        .filter_map(Datum::text)
        .collect();
    let home = |namespace: &str| {
        any || if named.is_empty() {
            namespace == monitor.namespace()
        } else {
            named.iter().any(|name| name.value == namespace)
        }
    };
    let found = |service: &&Service<'_>| {
        !wanted.is_empty()
            && home(service.object.namespace())
            && is_subset(&wanted, &service.object.labels_at(&["metadata", "labels"]))
    };
    index.services().iter().filter(found).collect()
}
