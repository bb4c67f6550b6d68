use super::index::Index;
use crate::diag::{Sink, Spanned};
use crate::rules::release_ended;

/// What is installed gets its repairs.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for operator in index.kind("install.istio.io", "IstioOperator") {
        let tag = operator.text(&["spec", "tag"]);
        tell(tag, sink);
    }
    for workload in index.workloads() {
        for path in [
            &["spec", "template", "spec", "containers"][..],
            &["spec", "containers"],
        ] {
            for container in workload.object.items(path) {
                tell(
                    container.field_text("image").and_then(|image| of_image(&image)),
                    sink,
                );
            }
        }
    }
}

fn tell(version: Option<Spanned<String>>, sink: &mut Sink) {
    if let Some(version) = version.filter(|version| version.value.starts_with("1.")) {
        release_ended(&version, sink);
    }
}

/// The release of `docker.io/istio/proxyv2:1.17.2-distroless`.
fn of_image(image: &Spanned<String>) -> Option<Spanned<String>> {
    let (name, tag) = image.value.rsplit_once(':')?;
    let program = name.rsplit('/').next()?;
    let istios = ["pilot", "proxyv2", "install-cni", "ztunnel"].contains(&program) && name.contains("istio");
    let version = tag.split('-').next()?.to_owned();
    istios.then_some(Spanned {
        value: version,
        span: image.span,
    })
}
