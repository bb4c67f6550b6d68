use std::sync::Arc;

use mesh_wire::Node;
use mesh_wire::cel::PeerField;
use mesh_wire::cluster::{ServiceName, WorkloadName};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};

/// Istio's word for what is not known.
const UNKNOWN: &str = "unknown";

/// A label that many series share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label(Arc<str>);

impl Label {
    /// `text`, or Istio's word for nothing.
    pub(crate) fn of(text: &str) -> Self {
        Self(if text.is_empty() {
            UNKNOWN.into()
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl EncodeLabelSet for Common {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.pairs().as_slice().encode(encoder)
    }
}

impl Common {
    /// All labels, in the order in which they are told.
    pub(super) fn pairs(&self) -> [(&'static str, &str); 21] {
        [
            ("reporter", self.reporter),
            ("source_workload", &self.source_workload.0),
            ("source_canonical_service", &self.source_canonical_service.0),
            ("source_canonical_revision", &self.source_canonical_revision.0),
            ("source_workload_namespace", &self.source_workload_namespace.0),
            ("source_principal", &self.source_principal.0),
            ("source_app", &self.source_app.0),
            ("source_version", &self.source_version.0),
            ("source_cluster", &self.source_cluster.0),
            ("destination_workload", &self.destination_workload.0),
            (
                "destination_workload_namespace",
                &self.destination_workload_namespace.0,
            ),
            ("destination_principal", &self.destination_principal.0),
            ("destination_app", &self.destination_app.0),
            ("destination_version", &self.destination_version.0),
            ("destination_service", &self.destination_service.0),
            (
                "destination_canonical_service",
                &self.destination_canonical_service.0,
            ),
            (
                "destination_canonical_revision",
                &self.destination_canonical_revision.0,
            ),
            ("destination_service_name", &self.destination_service_name.0),
            (
                "destination_service_namespace",
                &self.destination_service_namespace.0,
            ),
            ("destination_cluster", &self.destination_cluster.0),
            ("connection_security_policy", self.connection_security_policy),
        ]
    }

    /// What is known of the peer of `reporter`; `None` where it is not known.
    pub(super) fn peer(&self, reporter: Reporter, field: PeerField) -> Option<&str> {
        let of = |source, destination| match reporter {
            Reporter::Source => destination,
            Reporter::Destination => source,
        };
        let label: &Label = match field {
            PeerField::Workload => of(&self.source_workload, &self.destination_workload),
            PeerField::Namespace => of(
                &self.source_workload_namespace,
                &self.destination_workload_namespace,
            ),
            PeerField::Service => of(
                &self.source_canonical_service,
                &self.destination_canonical_service,
            ),
            PeerField::Revision => of(
                &self.source_canonical_revision,
                &self.destination_canonical_revision,
            ),
            PeerField::App => of(&self.source_app, &self.destination_app),
            PeerField::Version => of(&self.source_version, &self.destination_version),
            PeerField::Cluster => of(&self.source_cluster, &self.destination_cluster),
        };
        Some(&*label.0).filter(|text| *text != UNKNOWN)
    }

    pub(super) fn reporter(&self) -> Reporter {
        match self.reporter {
            "source" => Reporter::Source,
            _ => Reporter::Destination,
        }
    }

    /// The same, of two who are not told apart any more.
    pub(crate) fn nobody(&self) -> Self {
        let nobody = Party::default();
        Self::new(
            self.reporter(),
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
