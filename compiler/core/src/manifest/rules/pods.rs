//! What the pods of a workload are made of.

use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::Datum;

/// The template of the pods of a workload; the object itself where it is a pod.
pub(super) fn template(object: &Object) -> Option<&Datum> {
    match object.kind.value.as_str() {
        "Pod" => Some(&object.body),
        "CronJob" => object.at(&["spec", "jobTemplate", "spec", "template"]),
        _ => object.at(&["spec", "template"]),
    }
}

/// The containers of its pods, those that come first too.
pub(super) fn containers(object: &Object) -> impl Iterator<Item = &Datum> {
    let spec = template(object).and_then(|template| template.at(&["spec"]));
    let lists = ["initContainers", "containers"].into_iter();
    lists
        .filter_map(move |key| spec?.at(&[key]))
        .flat_map(Datum::items)
}

/// A label of its pods.
pub(super) fn label(object: &Object, key: &str) -> Option<Spanned<String>> {
    template(object)?.at(&["metadata", "labels", key])?.text()
}

/// An annotation of its pods.
pub(super) fn annotation(object: &Object, key: &str) -> Option<Spanned<String>> {
    template(object)?.at(&["metadata", "annotations", key])?.text()
}
