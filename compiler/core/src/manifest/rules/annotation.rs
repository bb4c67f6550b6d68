//! Annotations of Istio: which there are, of what, and what they hold.

use std::sync::LazyLock;

use super::index::Index;
use crate::manifest::Object;
use crate::syntax::{Datum, Entry};

/// An annotation.
pub(super) struct Annotation {
    pub(super) name: &'static str,
    /// What it is written at; none where it may stand anywhere.
    pub(super) kinds: Vec<&'static str>,
    /// What it holds, by the name of [`value::broken`].
    pub(super) holds: Option<&'static str>,
}

/// `annotations.txt`: a line each, `NAME KIND,… [WHAT IT HOLDS]`.
pub(super) static KNOWN: LazyLock<Vec<Annotation>> = LazyLock::new(|| {
    let lines = include_str!("annotations.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            let name = words.next()?;
            let kinds = words.next()?.split(',').filter(|kind| *kind != "Any").collect();
            Some(Annotation {
                name,
                kinds,
                holds: words.next(),
            })
        })
        .collect()
});

/// One annotation as it is written, and what it stands at.
pub(super) struct Written<'a> {
    pub(super) entry: &'a Entry,
    pub(super) kind: &'static str,
    pub(super) object: &'a Object,
}

/// Everything that Kubernetes and its users annotate for Istio: the objects of Istio are left to its own rules.
pub(super) fn written<'a>(index: &Index<'a>) -> Vec<Written<'a>> {
    let mut all = Vec::new();
    for object in index.all() {
        let kind = match (object.group(), object.kind.value.as_str()) {
            ("", "Namespace") => "Namespace",
            ("", "Service") => "Service",
            ("", "Pod") => "Pod",
            ("apps", "Deployment") => "Deployment",
            ("apps", "StatefulSet") => "StatefulSet",
            ("apps", "DaemonSet") => "DaemonSet",
            ("batch", "Job") => "Job",
            _ => continue,
        };
        let mut take = |datum: Option<&'a Datum>, kind| {
            let entries = datum.map_or(&[][..], Datum::entries).iter();
            let ours = entries.filter(|entry| is_istios(&entry.key.value));
            all.extend(ours.map(|entry| Written { entry, kind, object }));
        };
        take(object.at(&["metadata", "annotations"]), kind);
        if kind != "Pod" {
            take(object.at(&["spec", "template", "metadata", "annotations"]), "Pod");
        }
    }
    all
}

/// It is Istio's, and not one that its installer writes.
fn is_istios(name: &str) -> bool {
    let of_domain = |domain: &str| {
        let installers = [
            "operator.istio.io",
            "install.operator.istio.io",
            "internal.istio.io",
        ];
        (domain == "istio.io" || domain.ends_with(".istio.io")) && !installers.contains(&domain)
    };
    name == "kubernetes.io/ingress.class" || name.split_once('/').is_some_and(|(domain, _)| of_domain(domain))
}

pub(super) fn known(name: &str) -> Option<&'static Annotation> {
    KNOWN.iter().find(|known| known.name == name)
}
