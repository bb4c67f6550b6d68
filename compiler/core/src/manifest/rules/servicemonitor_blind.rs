use super::index::{Index, MONITORING};
use super::monitor::monitored;
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, code};

/// A ServiceMonitor follows Endpoints of Kubernetes, and machines are never in them: only istiod knows both.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for monitor in index.kind(MONITORING, "ServiceMonitor") {
        let services = monitored(index, monitor);
        let blind = services.iter().find_map(|service| {
            let selected = index.selected(service);
            let machine = selected.iter().find(|workload| workload.is_machine())?;
            // Where there are pods as well, these are seen.
            Some((
                *service,
                machine.object,
                selected.iter().any(|workload| !workload.is_machine()),
            ))
        });
        let Some((service, machine, some)) = blind else {
            continue;
        };
        let seen = if some {
            "its machines"
        } else {
            "machines, and it has nothing else behind it"
        };
        let message = format!(
            "Prometheus does not see {seen}: the {} has them from istiod only",
            shown(service.object)
        );
        let place = monitor
            .entry(&["spec", "selector"])
            .map_or(monitor.name.span, |entry| entry.key.span);
        sink.push(
            Diagnostic::new(&code::MONITOR_BLIND, place, message)
                .label(machine.name.span, "this is in no Endpoints of Kubernetes")
                .help("write a ScrapeConfig with the addresses of the machines, or `file_sd_configs`"),
        );
    }
}
