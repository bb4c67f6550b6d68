use super::index::Index;
use super::pods;
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;

/// `image: auto` is replaced where a proxy is injected; elsewhere Kubernetes looks for an image of this name.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for workload in index.pods() {
        let object = workload.object;
        let Some(image) = pods::containers(object).find_map(|container| {
            container
                .field_text("image")
                .filter(|image| image.value == "auto")
        }) else {
            continue;
        };
        let Some((span, why)) = not_injected(object, index) else {
            continue;
        };
        let message = format!(
            "nothing is injected into the {}, and there is no image `auto`",
            shown(object)
        );
        sink.push(
            Diagnostic::new(&code::IMAGE_AUTO, image.span, message)
                .label(span, why)
                .help("write the label `sidecar.istio.io/inject: \"true\"` at the pods, beside `inject.istio.io/templates`"),
        );
    }
}

/// Where and why no proxy is injected, as far as that is written.
fn not_injected(object: &Object, index: &Index<'_>) -> Option<(Span, &'static str)> {
    const INJECT: &str = "sidecar.istio.io/inject";
    let said = pods::label(object, INJECT).or_else(|| pods::annotation(object, INJECT));
    if let Some(said) = said {
        return (said.value == "false").then_some((said.span, "it says so here"));
    }
    if pods::label(object, "istio.io/rev").is_some() {
        return None;
    }
    let namespace = index
        .kind("", "Namespace")
        .find(|namespace| namespace.name.value == object.namespace())?;
    let on = ["istio-injection", "istio.io/rev"].iter().any(|key| {
        namespace
            .text(&["metadata", "labels", key])
            .is_some_and(|value| value.value != "disabled")
    });
    (!on).then_some((namespace.name.span, "its namespace has no label for injection"))
}
