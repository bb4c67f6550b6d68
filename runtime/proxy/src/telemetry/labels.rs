use std::sync::Arc;

use mesh_wire::Node;
use mesh_wire::cluster::{ServiceName, WorkloadName};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// A label that many series share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label(Arc<str>);

impl Label {
    /// `text`, or Istio's word for nothing.
    pub(crate) fn of(text: &str) -> Self {
        Self(if text.is_empty() {
            "unknown".into()
        } else {
            text.into()
        })
    }
}

impl Default for Label {
    fn default() -> Self {
        Self::of("")
    }
}

impl EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporter {
    Source,
    Destination,
}

/// One side of a request or connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) workload: String,
    pub(crate) namespace: String,
    pub(crate) principal: String,
    pub(crate) app: String,
    pub(crate) version: String,
    pub(crate) service: String,
    pub(crate) revision: String,
    pub(crate) cluster: String,
}

impl Party {
    /// The proxy itself.
    pub(crate) fn own(node: &Node, spiffe: &str) -> Self {
        let label = |name: &str| node.labels.get(name).cloned().unwrap_or_default();
        let app = label("app");
        let service = Some(label("service.istio.io/canonical-name"))
            .filter(|name| !name.is_empty())
            .or_else(|| Some(app.clone()).filter(|name| !name.is_empty()))
            .unwrap_or_else(|| node.workload.clone());
        let revision = Some(label("service.istio.io/canonical-revision"))
            .filter(|revision| !revision.is_empty())
            .or_else(|| Some(label("version")).filter(|version| !version.is_empty()))
            .unwrap_or_else(|| "latest".to_owned());
        Self {
            workload: node.workload.clone(),
            namespace: node.namespace.clone(),
            principal: spiffe.to_owned(),
            app,
            version: label("version"),
            service,
            revision,
            cluster: node.cluster.clone(),
        }
    }

    /// An endpoint's workload, as the snapshot names it.
    pub(crate) fn listed(workload: &WorkloadName) -> Self {
        Self {
            workload: workload.name.clone(),
            namespace: workload.namespace.clone(),
            app: workload.service.clone(),
            version: workload.revision.clone(),
            service: workload.service.clone(),
            revision: workload.revision.clone(),
            cluster: workload.cluster.clone(),
            principal: String::new(),
        }
    }
}

/// The labels that Istio's metrics have in common (istio/proxy `server_request_total.yaml.tmpl`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Common {
    reporter: &'static str,
    source_workload: Label,
    source_canonical_service: Label,
    source_canonical_revision: Label,
    source_workload_namespace: Label,
    source_principal: Label,
    source_app: Label,
    source_version: Label,
    source_cluster: Label,
    destination_workload: Label,
    destination_workload_namespace: Label,
    destination_principal: Label,
    destination_app: Label,
    destination_version: Label,
    destination_service: Label,
    destination_canonical_service: Label,
    destination_canonical_revision: Label,
    destination_service_name: Label,
    destination_service_namespace: Label,
    destination_cluster: Label,
    connection_security_policy: &'static str,
}

impl Common {
    /// The same, of two who are not told apart any more.
    pub(crate) fn nobody(&self) -> Self {
        let nobody = Party::default();
        let reporter = if self.reporter == "source" {
            Reporter::Source
        } else {
            Reporter::Destination
        };
        Self::new(
            reporter,
            &nobody,
            &nobody,
            None,
            self.connection_security_policy == "mutual_tls",
        )
    }

    pub(crate) fn new(
        reporter: Reporter,
        source: &Party,
        destination: &Party,
        service: Option<&ServiceName>,
        mtls: bool,
    ) -> Self {
        Self {
            reporter: match reporter {
                Reporter::Source => "source",
                Reporter::Destination => "destination",
            },
            source_workload: Label::of(&source.workload),
            source_canonical_service: Label::of(&source.service),
            source_canonical_revision: Label::of(if source.revision.is_empty() {
                "latest"
            } else {
                &source.revision
            }),
            source_workload_namespace: Label::of(&source.namespace),
            source_principal: Label::of(&source.principal),
            source_app: Label::of(&source.app),
            source_version: Label::of(&source.version),
            source_cluster: Label::of(&source.cluster),
            destination_workload: Label::of(&destination.workload),
            destination_workload_namespace: Label::of(&destination.namespace),
            destination_principal: Label::of(&destination.principal),
            destination_app: Label::of(&destination.app),
            destination_version: Label::of(&destination.version),
            destination_service: Label::of(service.map_or("", |service| &service.host)),
            destination_canonical_service: Label::of(&destination.service),
            destination_canonical_revision: Label::of(if destination.revision.is_empty() {
                "latest"
            } else {
                &destination.revision
            }),
            destination_service_name: Label::of(service.map_or("", |service| &service.name)),
            destination_service_namespace: Label::of(service.map_or("", |service| &service.namespace)),
            destination_cluster: Label::of(&destination.cluster),
            // Only the destination knows for sure (istio/proxy stats filter).
            connection_security_policy: match reporter {
                Reporter::Source => "unknown",
                Reporter::Destination if mtls => "mutual_tls",
                Reporter::Destination => "none",
            },
        }
    }
}
