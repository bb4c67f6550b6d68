use super::Viewer;
use crate::model::{Group, Mesh, Visibility};

/// What decides which outbound clusters a viewer knows and how it reaches them: those with the same view share them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View {
    network: String,
    cluster: String,
    namespace: String,
    ipv4: bool,
    ipv6: bool,
}

/// What the folder of a view is called where the mesh has no networks.
const UNNAMED: &str = "unnamed";

impl View {
    /// The view of the VMs of `group`.
    pub(crate) fn of_group(mesh: &Mesh, group: &Group) -> Self {
        let viewer = Viewer::of_group(mesh, group);
        Self {
            network: viewer.network.to_owned(),
            cluster: viewer.cluster.to_owned(),
            namespace: viewer.namespace.to_owned(),
            ipv4: viewer.addresses.iter().any(std::net::IpAddr::is_ipv4),
            ipv6: viewer.addresses.iter().any(std::net::IpAddr::is_ipv6),
        }
    }

    /// The view with nothing that makes no difference in `mesh`.
    pub(crate) fn in_mesh(self, mesh: &Mesh) -> Self {
        let hidden = mesh
            .services
            .iter()
            .any(|service| matches!(service.visible, Visibility::Namespaces(_)));
        let several = mesh.clusters.len() > 1;
        Self {
            cluster: if several { self.cluster } else { String::new() },
            namespace: if hidden { self.namespace } else { String::new() },
            ..self
        }
    }

    /// A name for a folder: the network, and whatever else tells views apart.
    pub(crate) fn name(&self) -> String {
        let family = match (self.ipv4, self.ipv6) {
            (true, true) => "dual",
            (false, true) => "ipv6",
            _ => "",
        };
        let network = if self.network.is_empty() {
            UNNAMED
        } else {
            &self.network
        };
        let parts = [network, &self.cluster, &self.namespace, family];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(".")
    }
}
