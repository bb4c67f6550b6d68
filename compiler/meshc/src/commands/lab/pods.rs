use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use mesh_compiler::emit::snapshot;
use mesh_compiler::model::{Gateway, Mesh, WorkloadRef};
use mesh_lab::envoy;
use mesh_lab::plan::{EnvoyPlan, IpNet, Place, PodPlan, Segment};
use mesh_lab::spec::{LabSpec, PodSpec};

use super::identity;
use super::plan::PlanError;

/// Plans pods and gateways.
pub(super) struct Pods<'a> {
    pub(super) mesh: &'a Mesh,
    pub(super) lab: &'a LabSpec,
    pub(super) ca: Option<&'a Path>,
}

impl Pods<'_> {
    /// The pod `name` of lab.kdl.
    pub(super) fn pod(&self, name: &str, pod: &PodSpec) -> Result<PodPlan, PlanError> {
        let namespace = self.namespace(name, pod)?;
        let envoy = if pod.sidecar {
            Some(self.sidecar(name, &namespace, pod)?)
        } else {
            None
        };
        Ok(PodPlan {
            place: Place::Pods,
            address: pod.address,
            namespace,
            files: pod.files.clone(),
            command: pod.command.clone(),
            ready: pod.ready,
            envoy,
        })
    }

    fn sidecar(&self, name: &str, namespace: &str, pod: &PodSpec) -> Result<EnvoyPlan, PlanError> {
        let unsaid = || PlanError::Unsaid {
            pod: name.to_owned(),
            property: "account",
        };
        let service = pod
            .service
            .as_ref()
            .and_then(|service| self.mesh.service(namespace, service));
        let account = pod
            .account
            .clone()
            .or_else(|| service.map(|it| it.account.clone()))
            .ok_or_else(unsaid)?;
        let identity = identity::of(self.ca, &self.mesh.trust_domain, namespace, &account)?;
        let workload = WorkloadRef::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            account,
            service: pod.service.clone(),
            address: IpAddr::V4(pod.address),
            cluster: self.cluster(pod, namespace)?,
        };
        let bootstrap = envoy::sidecar(&self.snapshot(name, &workload)?);
        Ok(EnvoyPlan {
            bootstrap,
            capture: true,
            identity: Some(identity),
        })
    }

    /// A gateway for each of its addresses, as the pods of its network see the mesh.
    pub(super) fn gateway(
        &self,
        gateway: &Gateway,
        pods: &Segment,
    ) -> Result<Vec<(String, PodPlan)>, PlanError> {
        let namespace = self.mesh.namespaces.keys().next().cloned().unwrap_or_default();
        let home = self
            .mesh
            .clusters
            .values()
            .find(|it| it.gateways.iter().any(|own| own.name == gateway.name));
        let workload = WorkloadRef::Pod {
            namespace,
            name: gateway.name.clone(),
            account: gateway.name.clone(),
            service: None,
            address: IpAddr::V4(pods.router),
            cluster: home
                .map(|cluster| cluster.name.clone())
                .ok_or(PlanError::NoCluster)?,
        };
        let snapshot = self.snapshot(&gateway.name, &workload)?;
        let local = |address: &SocketAddr| IpNet::V4(pods.range).contains(&address.ip());
        let bootstrap = envoy::gateway(&envoy::exports(&snapshot, local));
        let plan = |address| PodPlan {
            place: Place::Edge,
            address,
            namespace: "istio-system".to_owned(),
            files: vec![],
            command: vec![],
            ready: Some(envoy::GATEWAY_PORT),
            envoy: Some(EnvoyPlan {
                bootstrap: bootstrap.clone(),
                capture: false,
                identity: None,
            }),
        };
        let each = gateway.addresses.iter().enumerate().map(|(index, text)| {
            let address = text.parse::<Ipv4Addr>();
            let address = address.map_err(|_| PlanError::Address {
                name: gateway.name.clone(),
                address: text.clone(),
            })?;
            let name = if index == 0 {
                gateway.name.clone()
            } else {
                format!("{}-{index}", gateway.name)
            };
            Ok((name, plan(address)))
        });
        each.collect()
    }

    fn snapshot(&self, name: &str, workload: &WorkloadRef) -> Result<mesh_wire::Snapshot, PlanError> {
        let options = snapshot::Options {
            pod_endpoints: self.endpoints(),
        };
        snapshot::of(self.mesh, workload, &options).map_err(|source| PlanError::UnknownWorkload {
            pod: name.to_owned(),
            source,
        })
    }

    /// Addresses of the lab's pods by the host of their service.
    fn endpoints(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let mut all: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for (name, pod) in &self.lab.pods {
            let Ok(namespace) = self.namespace(name, pod) else {
                continue;
            };
            let service = pod
                .service
                .as_ref()
                .and_then(|service| self.mesh.service(&namespace, service));
            if let Some(service) = service {
                all.entry(service.host.clone())
                    .or_default()
                    .push(IpAddr::V4(pod.address));
            }
        }
        all
    }

    fn namespace(&self, name: &str, pod: &PodSpec) -> Result<String, PlanError> {
        let mut names = self.mesh.namespaces.keys();
        let only = names.next().filter(|_| names.next().is_none());
        let unsaid = || PlanError::Unsaid {
            pod: name.to_owned(),
            property: "namespace",
        };
        pod.namespace.as_ref().or(only).cloned().ok_or_else(unsaid)
    }

    fn cluster(&self, pod: &PodSpec, namespace: &str) -> Result<String, PlanError> {
        let service = pod
            .service
            .as_ref()
            .and_then(|service| self.mesh.service(namespace, service));
        let own = service
            .and_then(|service| service.pods.first())
            .map(|pods| &pods.cluster);
        own.or_else(|| self.mesh.clusters.keys().next())
            .cloned()
            .ok_or(PlanError::NoCluster)
    }
}
