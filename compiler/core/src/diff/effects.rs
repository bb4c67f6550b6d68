use super::ChangeKind;
use super::noun::{Key, Noun};

/// Kinds whose pods are replaced when their template changes.
const RUNNING: &[&str] = &["Deployment ", "StatefulSet ", "DaemonSet ", "Rollout "];

/// Labels of namespaces that say which sidecar pods are given.
const INJECTION: &[&str] = &["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"];

/// What follows for pods when a thing changes: what restarts, and what waits for a restart.
pub(super) fn of(key: &Key, kind: &ChangeKind) -> Vec<String> {
    let ChangeKind::Changed { fields } = kind else {
        return Vec::new();
    };
    let changed = |wanted: &dyn Fn(&str) -> bool| fields.iter().any(|field| wanted(&field.path));
    let runs = key.noun == Noun::Object && RUNNING.iter().any(|kind| key.about.starts_with(kind));
    if runs && changed(&|path| path.starts_with("template")) {
        return vec!["its pods are replaced by new ones".to_owned()];
    }
    let sidecars = |path: &str| INJECTION.iter().any(|label| path.contains(label));
    if key.noun == Noun::Namespace && changed(&sidecars) {
        return vec!["pods that run keep the sidecar they have, or none, until they are replaced".to_owned()];
    }
    Vec::new()
}
