use super::index::{Index, ROOT, TELEMETRY};
use super::mesh_config;
use crate::diag::{Diagnostic, Sink, code};

/// Access logs of the whole mesh go to somebody: a provider of the object, or one that the mesh has by default. What is
/// said of a namespace may take that of the mesh.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let in_map = || mesh_config::in_config_map(index).any(|(text, _)| text.contains("defaultProviders"));
    if mesh_config::at(index, &["defaultProviders", "accessLogging"]).is_some() || in_map() {
        return;
    }
    let of_mesh = index
        .kind(TELEMETRY, "Telemetry")
        .filter(|telemetry| telemetry.namespace() == ROOT);
    for logging in of_mesh.flat_map(|telemetry| telemetry.items(&["spec", "accessLogging"])) {
        let off = logging
            .field_text("disabled")
            .is_some_and(|off| off.value == "true");
        let Some(first) = logging.entries().first().filter(|_| !off) else {
            continue;
        };
        let providers = logging.entry("providers");
        if providers.is_some_and(|providers| !providers.value.items().is_empty()) {
            continue;
        }
        let span = providers.map_or(first.key.span, |providers| providers.key.span);
        let message = "access logs are asked for, and no provider writes them: this is ignored";
        sink.push(
            Diagnostic::new(&code::LOG_PROVIDER, span, message)
                .help("write `providers: [{name: envoy}]`, or another of `meshConfig.extensionProviders`"),
        );
    }
}
