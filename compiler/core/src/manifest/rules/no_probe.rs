use super::index::{Index, NETWORKING};
use super::workload::Form;
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;

/// Machines that nobody probes count as healthy as long as their agent is connected. Where one machine is all there
/// is, nobody could stand in for it.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for group in index.kind(NETWORKING, "WorkloadGroup") {
        if group.entry(&["spec", "probe"]).is_none() && !is_alone(index, group) {
            let message = format!(
                "the WorkloadGroup `{}` has no probe: a machine that fails stays in rotation",
                group.name.value
            );
            sink.push(
                Diagnostic::new(&code::NO_PROBE, group.name.span, message)
                    .help("write `spec.probe` with `httpGet`, `tcpSocket` or `exec`"),
            );
        }
    }
}

/// One machine is written out for the group, and only one.
fn is_alone(index: &Index<'_>, group: &Object) -> bool {
    let groups = index.workloads().iter();
    let own = groups
        .filter(|workload| std::ptr::eq(workload.object, group))
        .map(|workload| &workload.labels);
    let machines = own.flat_map(|labels| index.with_labels(group.namespace(), labels));
    machines.filter(|workload| workload.form == Form::Entry).count() == 1
}
