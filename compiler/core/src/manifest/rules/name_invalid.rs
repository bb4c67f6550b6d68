use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::syntax::{Datum, Entry};

/// Labels are written as Kubernetes takes them (apimachinery, validation.IsValidLabelValue, IsQualifiedName).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for object in index.all() {
        let istios = object.group() == NETWORKING;
        let mut places: Vec<&[&str]> = vec![&["metadata", "labels"]];
        match object.kind.value.as_str() {
            "WorkloadEntry" if istios => places.push(&["spec", "labels"]),
            "WorkloadGroup" if istios => places.extend([
                &["spec", "metadata", "labels"][..],
                &["spec", "template", "labels"],
            ]),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
                places.push(&["spec", "template", "metadata", "labels"]);
            }
            "Service" => places.push(&["spec", "selector"]),
            _ => {}
        }
        for entry in places
            .iter()
            .filter_map(|path| object.at(path))
            .flat_map(Datum::entries)
        {
            if let Some(value) = entry.value.text() {
                look(entry, &value, sink);
            }
        }
    }
}

fn look(entry: &Entry, value: &Spanned<String>, sink: &mut Sink) {
    if !is_key(&entry.key.value) {
        let message = format!("Kubernetes takes no label of the name `{}`", entry.key.value);
        sink.push(
            Diagnostic::new(&code::NAME_INVALID, entry.key.span, message)
                .help("write letters, digits, `-`, `_` and `.`, 63 at most, and before a `/` a domain"),
        );
    }
    if is_value(&value.value) {
        return;
    }
    let message = format!("Kubernetes takes no label with the value \"{}\"", value.value);
    let found = Diagnostic::new(&code::NAME_INVALID, value.span, message);
    let locality = entry.key.value == "istio-locality" || entry.key.value == "topology.istio.io/locality";
    sink.push(if locality && value.value.contains('/') {
        found.help(format!(
            "in labels, places are written with dots: \"{}\"",
            value.value.replace('/', ".")
        ))
    } else {
        found.help("write letters, digits, `-`, `_` and `.`, 63 at most, with a letter or digit at both ends")
    });
}

fn is_key(key: &str) -> bool {
    let (domain, name) = key.rsplit_once('/').unwrap_or(("", key));
    !name.is_empty() && is_value(name) && !domain.contains('/') && domain.len() <= 253
}

fn is_value(value: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let end = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    bytes.len() <= 63 && bytes.iter().copied().all(fits) && end(bytes.first()) && end(bytes.last())
}
