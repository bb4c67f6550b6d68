use std::collections::BTreeMap;

use mesh_wire::snapshot::{Identity, IdentitySource, Node};

use super::Viewer;
use super::name::namespace_domain;
use crate::model::Mesh;

/// Where a VM's certificate, key and trust bundle lie.
pub const IDENTITY_FOLDER: &str = "/etc/meshd/identity";

/// The lists of revoked certificates there (Istio's name for them, in the Secret `cacerts`).
pub const CRL: &str = "ca-crl.pem";

impl Viewer<'_> {
    /// The viewer as istiod would know it (Istio `pilot/pkg/model/context.go`).
    pub(super) fn node(&self, mesh: &Mesh) -> Node {
        let address = self
            .addresses
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        let Self { name, namespace, .. } = self;
        Node {
            id: format!(
                "sidecar~{address}~{name}.{namespace}~{}",
                namespace_domain(mesh, namespace)
            ),
            name: name.clone(),
            namespace: (*namespace).to_owned(),
            workload: self.workload.clone(),
            addresses: self.addresses.clone(),
            cluster: self.cluster.to_owned(),
            mesh: mesh.name.clone(),
            network: self.network.to_owned(),
            locality: self.locality.clone(),
            labels: with_canonical_names(&self.labels, &self.workload),
        }
    }

    /// Who the viewer is. What was revoked is the affair of those who issue certificates, not the spec's.
    pub(super) fn identity(&self, mesh: &Mesh) -> Identity {
        let file = |name: &str| format!("{IDENTITY_FOLDER}/{name}");
        Identity {
            trust_domain: mesh.trust_domain.clone(),
            trust_domain_aliases: mesh.trust_domain_aliases.clone(),
            service_account: self.account.to_owned(),
            spiffe: mesh.spiffe(self.namespace, self.account),
            source: IdentitySource::Files {
                cert_chain: file("cert-chain.pem"),
                key: file("key.pem"),
                roots: file("root-cert.pem"),
                crl: None,
            },
        }
    }
}

/// Adds the labels that Istio's injector and `istioctl x workload` add.
pub(crate) fn with_canonical_names(
    labels: &BTreeMap<String, String>,
    workload: &str,
) -> BTreeMap<String, String> {
    let (service, revision) = canonical(labels, workload);
    let mut all = labels.clone();
    all.entry(CANONICAL_NAME.to_owned()).or_insert(service);
    all.entry(CANONICAL_REVISION.to_owned()).or_insert(revision);
    all
}

const CANONICAL_NAME: &str = "service.istio.io/canonical-name";
const CANONICAL_REVISION: &str = "service.istio.io/canonical-revision";

/// The canonical service and revision (Istio `pkg/kube/labels`).
pub(super) fn canonical(labels: &BTreeMap<String, String>, workload: &str) -> (String, String) {
    let first = |keys: [&str; 3]| keys.iter().find_map(|key| labels.get(*key)).cloned();
    let service = first([CANONICAL_NAME, "app.kubernetes.io/name", "app"]);
    let revision = first([CANONICAL_REVISION, "app.kubernetes.io/version", "version"]);
    (
        service.unwrap_or_else(|| workload.to_owned()),
        revision.unwrap_or_else(|| "latest".to_owned()),
    )
}
