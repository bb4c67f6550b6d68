use mesh_wire::cel::Expression;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::TelemetryDecl;

/// Envoy leaves out what is no expression, without a word; meshd knows the part of CEL that Istio's own docs write with.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for expression in context.spec.telemetry().flat_map(expressions) {
        if let Err(bad) = Expression::parse(&expression.value) {
            let message = format!("\"{}\" is no expression that all proxies know", expression.value);
            sink.push(
                Diagnostic::new(&code::EXPRESSION_UNUSABLE, expression.span, message)
                    .here(bad.to_string())
                    .help("write attributes such as `request.host` and texts such as `'eu'`, compared and combined as `meshc explain MC-O007` tells"),
            );
        }
    }
}

fn expressions(decl: &TelemetryDecl) -> impl Iterator<Item = &Spanned<String>> {
    let edits = decl.metrics.iter().flat_map(|metrics| &metrics.edits);
    let values = edits.filter_map(|edit| edit.tag.as_ref()?.1.as_ref());
    let filter = decl.access_log.iter().filter_map(|log| log.filter.as_ref());
    values.chain(filter)
}
