use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::{Gateway, Mesh, ROOT_NAMESPACE};

/// The Kubernetes Service of an east-west gateway. istiod lists it to every proxy, like any other Service.
#[derive(Clone, Debug)]
pub(crate) struct GatewayService<'a> {
    /// `NAME.istio-system.svc.DOMAIN`.
    pub(crate) host: String,
    /// Its name.
    pub(crate) name: &'a str,
    /// Its ClusterIP.
    pub(crate) address: IpAddr,
    /// The port for other networks.
    port: u16,
}

impl GatewayService<'_> {
    /// Ports with TLS that the gateway does not open, by the chart's names `tls-istiod`, `tls-webhook` and `tls`.
    pub(super) fn tls_ports(&self) -> [u16; 3] {
        [15012, 15017, self.port]
    }
}

/// The namespace of the gateways and of istiod.
pub(crate) const SYSTEM_NAMESPACE: &str = ROOT_NAMESPACE;
/// The status port: its name says nothing of a protocol, so Istio looks at the bytes.
pub(super) const STATUS_PORT: u16 = 15021;

/// The gateways whose ClusterIP the spec gives, as proxies of `cluster` see them: where several clusters have one of
/// the same name, it is one Service, whose address is that of their own cluster (Istio `GetAllAddressesForProxy`).
/// Others are left out: without an address there is nothing that an application could dial.
pub(crate) fn all<'a>(mesh: &'a Mesh, cluster: &str) -> impl Iterator<Item = GatewayService<'a>> {
    let own = mesh.clusters.get(cluster);
    let others = mesh
        .clusters
        .values()
        .filter(move |other| own.is_none_or(|own| own.name != other.name));
    let mut by_host = BTreeMap::new();
    for gateway in own
        .into_iter()
        .chain(others)
        .flat_map(|cluster| &cluster.gateways)
    {
        if let Some(service) = of(mesh, gateway) {
            by_host.entry(service.host.clone()).or_insert(service);
        }
    }
    by_host.into_values()
}

fn of<'a>(mesh: &Mesh, gateway: &'a Gateway) -> Option<GatewayService<'a>> {
    let domain = super::name::namespace_domain(mesh, SYSTEM_NAMESPACE);
    Some(GatewayService {
        host: format!("{}.{domain}", gateway.name),
        name: &gateway.name,
        address: gateway.cluster_ip?,
        port: gateway.port,
    })
}
