use super::index::Index;
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, code};

/// A `targetPort` by name is looked up in `ports` of a machine; one without it is left out (istio,
/// kube/controller, serviceInstanceFromWorkloadInstance).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for service in index.services() {
        let named: Vec<_> = service
            .ports
            .iter()
            .filter(|port| port.target.value.parse::<u16>().is_err())
            .collect();
        if named.is_empty() {
            continue;
        }
        for machine in index
            .selected(service)
            .into_iter()
            .filter(|workload| workload.is_machine())
        {
            let ports = machine.ports();
            for port in &named {
                if ports.iter().any(|(name, _)| name.value == port.target.value) {
                    continue;
                }
                let place = machine.object.entry(&machine.path(&["ports"]));
                let place = place.map_or(machine.object.name.span, |entry| entry.key.span);
                let message = format!(
                    "{} has no port called `{}`: it is no endpoint of the {}",
                    machine.shown(),
                    port.target.value,
                    shown(service.object)
                );
                sink.push(
                    Diagnostic::new(&code::NAMED_TARGET, place, message)
                        .label(port.target.span, "it is looked up by this name")
                        .help(format!("write `{}: PORT` into its `ports`", port.target.value)),
                );
            }
        }
    }
}
