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
}

/// The namespace of the gateways and of istiod.
pub(crate) const SYSTEM_NAMESPACE: &str = ROOT_NAMESPACE;
/// The status port: its name says nothing of a protocol, so Istio looks at the bytes.
pub(super) const STATUS_PORT: u16 = 15021;
/// Ports with TLS that the gateway does not open, by the chart's names `tls`, `tls-istiod` and `tls-webhook`.
pub(super) const TLS_PORTS: [u16; 3] = [15012, 15017, 15443];

/// The gateways whose ClusterIP the spec gives. Others are left out: without an address there is nothing that an
/// application could dial.
pub(crate) fn all(mesh: &Mesh) -> impl Iterator<Item = GatewayService<'_>> {
    let gateways = mesh.clusters.values().flat_map(|cluster| &cluster.gateways);
    gateways.filter_map(move |gateway| of(mesh, gateway))
}

fn of<'a>(mesh: &Mesh, gateway: &'a Gateway) -> Option<GatewayService<'a>> {
    let domain = super::name::namespace_domain(mesh, SYSTEM_NAMESPACE);
    Some(GatewayService {
        host: format!("{}.{domain}", gateway.name),
        name: &gateway.name,
        address: gateway.cluster_ip?,
    })
}
