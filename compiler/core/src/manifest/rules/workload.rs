//! What serves, and what finds it.

use std::net::IpAddr;

use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::manifest::rules::index::NETWORKING;

/// What stands behind services: pods, or a machine.
pub(super) struct Workload<'a> {
    pub(super) object: &'a Object,
    pub(super) form: Form,
    /// In no order of meaning.
    pub(super) labels: Vec<(String, String)>,
}

/// What kind of workload it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A pod, or what makes pods.
    Pods,
    /// A machine.
    Entry,
    /// What machines that register themselves are made of.
    Group,
}

impl<'a> Workload<'a> {
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        let template: &[&str] = &["spec", "template", "metadata", "labels"];
        let (form, paths): (_, &[&[&str]]) = match (object.group(), object.kind.value.as_str()) {
            ("", "Pod") => (Form::Pods, &[&["metadata", "labels"]]),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
                (Form::Pods, &[template])
            }
            ("", "ReplicationController") => (Form::Pods, &[template]),
            ("batch", "CronJob") => (
                Form::Pods,
                &[&["spec", "jobTemplate", "spec", "template", "metadata", "labels"]],
            ),
            // What is said of the object wins over what is said in it.
            (NETWORKING, "WorkloadEntry") => (Form::Entry, &[&["spec", "labels"], &["metadata", "labels"]]),
            (NETWORKING, "WorkloadGroup") => (
                Form::Group,
                &[&["spec", "template", "labels"], &["spec", "metadata", "labels"]],
            ),
            _ => return None,
        };
        let mut labels: Vec<(String, String)> = Vec::new();
        for (key, value) in paths.iter().flat_map(|path| object.labels_at(path)) {
            match labels.iter_mut().find(|(other, _)| *other == key) {
                Some(before) => before.1 = value,
                None => labels.push((key, value)),
            }
        }
        Some(Self { object, form, labels })
    }

    /// It is a machine, or stands for some.
    pub(super) fn is_machine(&self) -> bool {
        self.form != Form::Pods
    }

    /// Where what a WorkloadEntry has stands: its own fields, or those of the template.
    pub(super) fn path<'p>(&self, rest: &[&'p str]) -> Vec<&'p str> {
        let start: &[&str] = if self.form == Form::Group {
            &["spec", "template"]
        } else {
            &["spec"]
        };
        start.iter().chain(rest).copied().collect()
    }

    pub(super) fn text(&self, key: &str) -> Option<Spanned<String>> {
        self.object
            .text(&self.path(&[key]))
            .filter(|text| !text.value.is_empty())
    }

    /// Names and numbers of the ports that a machine says of itself.
    pub(super) fn ports(&self) -> Vec<(&'a Spanned<String>, Spanned<String>)> {
        let object = self.object;
        let ports = object.at(&self.path(&["ports"]));
        let entries = ports.map_or(&[][..], |ports| ports.entries());
        entries
            .iter()
            .filter_map(|entry| Some((&entry.key, entry.value.text()?)))
            .collect()
    }

    /// The address of a machine, where it is one.
    pub(super) fn address(&self) -> Option<(IpAddr, Span)> {
        let address = self.text("address")?;
        Some((address.value.parse().ok()?, address.span))
    }

    /// Its object and name, for people.
    pub(super) fn shown(&self) -> String {
        shown(self.object)
    }
}

/// Kind and name of an object, for people.
pub(super) fn shown(object: &Object) -> String {
    format!("{} `{}`", object.kind.value, object.name.value)
}

/// A service of Kubernetes.
pub(super) struct Service<'a> {
    pub(super) object: &'a Object,
    pub(super) selector: Vec<(String, String)>,
    pub(super) ports: Vec<ServicePort>,
}

/// One port of it.
pub(super) struct ServicePort {
    pub(super) number: u16,
    pub(super) name: Option<String>,
    /// `targetPort`; the number where it is not written.
    pub(super) target: Spanned<String>,
    /// As it is said by the name or `appProtocol`.
    pub(super) protocol: Option<String>,
    pub(super) span: Span,
}

impl<'a> Service<'a> {
    pub(super) fn of(object: &'a Object) -> Self {
        let ports = object.items(&["spec", "ports"]).iter().filter_map(|port| {
            let number = port.field_text("port")?;
            let name = port.field_text("name").map(|name| name.value);
            let of_name = || {
                name.as_deref()
                    .and_then(|name| name.split('-').next())
                    .map(str::to_owned)
            };
            Some(ServicePort {
                number: number.value.parse().ok()?,
                protocol: port
                    .field_text("appProtocol")
                    .map(|protocol| protocol.value)
                    .or_else(of_name),
                target: port.field_text("targetPort").unwrap_or(number.clone()),
                span: number.span,
                name,
            })
        });
        Self {
            object,
            selector: object.labels_at(&["spec", "selector"]),
            ports: ports.collect(),
        }
    }

    /// Its ports, for people.
    pub(super) fn shown_ports(&self) -> String {
        let ports: Vec<_> = self.ports.iter().map(|port| port.number.to_string()).collect();
        if ports.is_empty() {
            "no port".to_owned()
        } else {
            ports.join(", ")
        }
    }

    /// No application behind it knows requests, as far as its ports say.
    pub(super) fn is_bytes_only(&self) -> bool {
        !self.ports.is_empty()
            && self
                .ports
                .iter()
                .all(|port| port.protocol.as_deref().is_some_and(is_bytes))
    }
}

/// A protocol without requests of HTTP.
pub(super) fn is_bytes(protocol: &str) -> bool {
    ["tcp", "tls", "mysql", "mongo", "redis", "postgres", "udp"]
        .contains(&protocol.to_ascii_lowercase().as_str())
}

/// Every one of `wanted` is among `labels`.
pub(super) fn is_subset(wanted: &[(String, String)], labels: &[(String, String)]) -> bool {
    wanted.iter().all(|label| labels.contains(label))
}
