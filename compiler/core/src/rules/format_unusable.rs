use super::{Context, formats};
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::AccessLogDecl;

/// Formats of access logs are whole: a sidecar takes no listener at all with one that is not.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    context
        .spec
        .telemetry()
        .filter_map(|telemetry| telemetry.access_log.as_ref())
        .for_each(|log| of_log(log, sink));
}

fn of_log(log: &AccessLogDecl, sink: &mut Sink) {
    let fields = log.fields.iter().map(|(_, value)| value);
    for format in log.format.iter().chain(fields) {
        for (message, help) in formats::faults(&format.value) {
            sink.push(Diagnostic::new(&code::FORMAT_UNUSABLE, format.span, message).help(help));
        }
    }
}
